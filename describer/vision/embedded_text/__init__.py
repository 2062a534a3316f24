"""What authors wrote into a picture's file: XMP, IIM, Exif, PNG texts. From bytes to texts; no pixels."""
