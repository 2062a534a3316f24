"""Handles upload events and queue messages."""
