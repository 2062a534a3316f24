"""The entry points: storage events, HTTP, MCP and the command line."""
