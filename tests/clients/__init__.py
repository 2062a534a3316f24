"""Clients generated from the published documents, each run against the app: `make contracts`."""
