"""Describes the pictures in Azure Blob Storage. Start reading at pipeline.py."""
