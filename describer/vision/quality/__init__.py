"""Checks on the model's answers."""
