#!/bin/sh
# libvips decodes a tiled TIFF whose codec is not built in to black, without an error, even with fail_on="error".
# pyvips 3.2.0 with pyvips-binary 8.18.7 (libtiff without Zstandard); the file is sound: tifffile reads it back.
# The same picture in strips is refused, as it should be. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyvips==3.2.0 pyvips-binary==8.18.7 tifffile==2026.11.8 imagecodecs==2026.10.10
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy, pyvips, tifffile

grey = numpy.full((128, 128), 200, dtype="u1")
tifffile.imwrite("tiles.tif", grey, compression="zstd", tile=(64, 64))
tifffile.imwrite("strips.tif", grey, compression="zstd")
assert tifffile.imread("tiles.tif").mean() == 200, "the file is not sound"
seen = {}
for name in ("tiles.tif", "strips.tif"):
    try:
        seen[name] = pyvips.Image.new_from_file(name, fail_on="error").avg()
    except pyvips.Error:
        seen[name] = "refused"
print("mean of a picture of 200:", seen)
assert seen == {"tiles.tif": 0.0, "strips.tif": "refused"}, "this has changed"
PYTHON
