#!/bin/sh
# Saving a picture as AVIF with Pillow takes the orientation out of the Exif object that the caller passed (AVIF has a box for
# it). The next rendition that is saved with the same object, say WebP, is stored without an orientation and shown
# on its side. Other formats leave the object alone. Pillow 13.0.0. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

from PIL import ExifTags, Image


def orientation_of_webp(formats):
    exif, picture = Image.Exif(), Image.new("RGB", (40, 20), "red")
    exif[ExifTags.Base.Orientation] = 6
    for name in formats:
        file = io.BytesIO()
        picture.save(file, name, exif=exif)
    return Image.open(file).getexif().get(ExifTags.Base.Orientation)


seen = {formats: orientation_of_webp(formats) for formats in (("JPEG", "PNG", "WEBP"), ("AVIF", "WEBP"))}
print("orientation of the WebP, saved last:", seen)
assert seen == {("JPEG", "PNG", "WEBP"): 6, ("AVIF", "WEBP"): None}, "this has changed"
PYTHON
