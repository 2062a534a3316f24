"""Clients that generators make of the published documents, each run against the app: `make contracts`."""
