"""Looks at each connection, one small request each, leaving nothing behind: the port `Probe`."""
