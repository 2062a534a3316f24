#!/bin/sh
# AVIF's rotation (`irot`) counts quarter turns against the clock. probe-image-size takes them for turns with it: a picture to be
# turned a quarter to the right (EXIF orientation 6, irot 3) is reported as orientation 8, and 8 as 6. libvips shows
# which way is right: the left edge comes to the top. probe-image-size 7.5.0, pyvips 3.2.0 with pyvips-binary 8.18.7, files by
# Pillow 13.0.0. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund probe-image-size@7.5.0
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 pyvips==3.2.0 pyvips-binary==8.18.7
venv/bin/python - <<'PYTHON'
import pyvips
from PIL import ExifTags, Image

picture = Image.new("RGB", (64, 64), "white")
picture.paste((255, 0, 0), (0, 0, 16, 64))
for orientation, edge in ((6, (32, 4)), (8, (32, 60))):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture.save(f"{orientation}.avif", exif=exif, quality=100)
    shown = pyvips.Image.new_from_file(f"{orientation}.avif").autorot()
    assert shown(*edge)[1] < 128, "libvips shows it otherwise"
PYTHON
node - <<'JS'
const probe = require("probe-image-size"), fs = require("fs");
const seen = [6, 8].map((orientation) => probe.sync(fs.readFileSync(`${orientation}.avif`)).orientation);
console.log("orientations 6 and 8 are reported as", seen);
require("assert").deepStrictEqual(seen, [8, 6], "this has changed");
JS
