"""A server that answers as Azure OpenAI does; its texts come from a script (tests) or from small models (the demo)."""
