#!/bin/sh
# HEVC codes even numbers of pixels, at least 64, and a HEIC of another size says in its clean aperture (`clap`) what of them is
# shown. image-size takes the width from it and not the height, and counts one pixel less for 64 x 32; probe-image-size
# takes the coded size. Both are read for layouts and for token prices.
# image-size 2.1.0, probe-image-size 7.5.0; the files are by pillow-heif 1.8.1. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund image-size@2.1.0 probe-image-size@7.5.0
python3 -m venv venv
venv/bin/pip install --quiet pillow-heif==1.8.1 pillow==13.0.0
venv/bin/python - <<'PYTHON'
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
for size in ((640, 480), (101, 75), (64, 32)):
    name = "{}x{}.heic".format(*size)
    Image.new("RGB", size, "red").save(name, "HEIF")
    assert pillow_heif.open_heif(name).size == size, "the file is not what it should be"
PYTHON
node - <<'JS'
const { imageSize } = require("image-size"), probe = require("probe-image-size"), fs = require("fs");
const seen = {};
for (const size of ["640x480", "101x75", "64x32"]) {
  const file = fs.readFileSync(`${size}.heic`), a = imageSize(file), b = probe.sync(file);
  seen[size] = `${a.width}x${a.height} ${b.width}x${b.height}`;
}
console.log("size: by image-size, by probe-image-size", seen);
const expected = { "640x480": "640x480 640x480", "101x75": "101x76 102x76", "64x32": "63x64 64x64" };
require("assert").deepStrictEqual(seen, expected, "this has changed");
JS
