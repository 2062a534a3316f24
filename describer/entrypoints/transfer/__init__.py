"""Exports records for spreadsheets, ExifTool and programs, and imports people's changes."""
