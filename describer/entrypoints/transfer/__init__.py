"""Records out to spreadsheets, ExifTool and programs, and people's words back in."""
