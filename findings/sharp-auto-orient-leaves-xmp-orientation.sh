#!/bin/sh
# sharp turns a picture upright with autoOrient() and, with keepXmp(), leaves tiff:Orientation in the XMP packet as it was.
# Pillow's exif_transpose() asks XMP if EXIF says nothing, and turns the picture once more: it lies on its side.
# sharp 0.35.5, Pillow 13.0.0. keepMetadata() is no better off for XMP, but writes EXIF's orientation 1, which goes first.
# Seen: 20 x 40 pixels, upright, become 40 x 20. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund sharp@0.35.5
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0
cat >turn.mjs <<'JS'
import sharp from "sharp";

const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>`;
const lying = await sharp({ create: { width: 40, height: 20, channels: 3, background: "red" } })
  .jpeg().withXmp(xmp).withMetadata({ orientation: 6 }).toBuffer();
await sharp(lying).autoOrient().keepXmp().jpeg().toFile("upright.jpg");
await sharp(lying).autoOrient().keepMetadata().jpeg().toFile("with-exif.jpg");
JS
node turn.mjs
venv/bin/python - <<'PYTHON'
from PIL import Image, ImageOps

seen = {}
for name in ("upright.jpg", "with-exif.jpg"):
    with Image.open(name) as picture:
        seen[name] = (picture.size, ImageOps.exif_transpose(picture).size)
print("stored, and after exif_transpose():", seen)
assert seen == {"upright.jpg": ((20, 40), (40, 20)), "with-exif.jpg": ((20, 40), (20, 40))}, "this has changed"
PYTHON
