"""Health checks of each connection (the port `Probe`): one small request each, leaving nothing behind."""
