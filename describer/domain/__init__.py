"""What an image, its description and its record are, and who may change them. No I/O, no SDK."""
