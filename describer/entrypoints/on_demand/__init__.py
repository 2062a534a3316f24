"""Serves callers who wait for an answer, by HTTP, MCP or the command line."""
