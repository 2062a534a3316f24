"""Implementations of the ports. Each adapter is the only user of its SDK."""
