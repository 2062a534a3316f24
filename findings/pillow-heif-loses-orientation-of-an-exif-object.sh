#!/bin/sh
# pillow-heif writes a HEIC on its side if it is given the orientation in Pillow's own Exif object: no rotation is stored, and
# readers of HEIF rightly ignore EXIF's orientation. The same block as bytes is written upright.
# pillow-heif 1.8.1 (libheif 1.23.6), Pillow 13.0.0. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow-heif==1.8.1 pillow==13.0.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

import pillow_heif
from PIL import ExifTags, Image

pillow_heif.register_heif_opener()
exif = Image.Exif()
exif[ExifTags.Base.Orientation] = 6


def size_as_shown(block):
    file = io.BytesIO()
    Image.new("RGB", (64, 32), "red").save(file, "HEIF", exif=block)
    return pillow_heif.open_heif(file).size


seen = {"Exif object": size_as_shown(exif), "bytes": size_as_shown(exif.tobytes())}
print("64 x 32 pixels with orientation 6 are shown as", seen)
assert seen == {"Exif object": (64, 32), "bytes": (32, 64)}, "this has changed"
PYTHON
