"""Describes the pictures in Azure Blob Storage. Start reading at pipeline.py."""

__version__ = "0.1.0"
