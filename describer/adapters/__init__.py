"""Adapters to storage, the model, the web, Event Grid and telemetry; each is the only user of its SDK."""
