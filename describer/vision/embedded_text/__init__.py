"""Reads authors' texts from picture files (XMP, IIM, Exif, PNG text chunks) without decoding pixels."""
