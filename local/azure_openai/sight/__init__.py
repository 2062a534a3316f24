"""What the demo's stand-in can see: objects, text, colours. Alone in the project it needs the demo's packages."""
