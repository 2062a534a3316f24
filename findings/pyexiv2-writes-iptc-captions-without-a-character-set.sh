#!/bin/sh
# pyexiv2 writes an IPTC caption in UTF-8 and leaves out record 1:90, which says so. By the standard the text is then ISO 8859-1 or
# whatever the reader assumes: ExifTool reads a caption of a picture agency as mojibake. pyexiv2 itself reads it back
# as it was, so that nobody notices before the picture is passed on. With CharacterSet set by hand it is read rightly.
# pyexiv2 2.16.0, ExifTool 13.59 (npm exiftool-vendored.pl). Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund exiftool-vendored.pl@13.59.0
python3 -m venv venv
venv/bin/pip install --quiet pyexiv2==2.16.0 pillow==13.0.0
venv/bin/python - <<'PYTHON'
import json, subprocess

import pyexiv2
from PIL import Image

CAPTION = "Zürich, Käferberg"


def read_by_exiftool(fields):
    Image.new("RGB", (8, 8), "red").save("captioned.jpg")
    picture = pyexiv2.Image("captioned.jpg")
    picture.modify_iptc(fields)
    assert picture.read_iptc()["Iptc.Application2.Caption"] == CAPTION
    picture.close()
    said = subprocess.check_output(
        ["perl", "node_modules/exiftool-vendored.pl/bin/exiftool", "-j", "-IPTC:Caption-Abstract", "captioned.jpg"]
    )
    return json.loads(said)[0]["Caption-Abstract"]


caption = {"Iptc.Application2.Caption": CAPTION}
seen = {
    "as it comes": read_by_exiftool(caption),
    "with a character set": read_by_exiftool({"Iptc.Envelope.CharacterSet": "\x1b%G", **caption}),
}
print(f"{CAPTION!r} is read as", seen)
assert seen == {"as it comes": CAPTION.encode().decode("cp1252"), "with a character set": CAPTION}, "this has changed"
PYTHON
