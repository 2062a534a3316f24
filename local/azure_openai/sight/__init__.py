"""Recognises objects, text and colours for the demo's stand-in; only this package needs requirements/demo.txt."""
