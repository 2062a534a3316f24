"""What is not read, and what its owner can do about it."""

import re
from typing import Final

from describer.domain import companions
from describer.vision.imaging.boxes import brands
from describer.vision.imaging.formats import HEIF, HEIF_BRANDS, JPEG_XL, JPEG_XL_STARTS

_PICTURES: Final = {
    b"%!PS": "This is a PostScript drawing, which is not run for safety. Export it as PNG.",
    b"\xc5\xd0\xd3\xc6": "This is an EPS drawing, which is not run for safety. Export it as PNG.",
    b"8BPS": "This is a Photoshop file. Export it as PNG or JPEG.",
    b"8BPB": "This is a Photoshop file. Export it as PNG or JPEG.",
    b"gimp xcf": "This is a GIMP file. Export it as PNG or JPEG.",
    b"\0\0\1\0": "This is an icon file. Convert it to PNG.",
    b"icns": "This is an icon file of macOS. Convert it to PNG.",
    **{b"P%d" % kind + space: "This is a picture in a format of Netpbm (PBM, PGM, PPM, PAM). Convert it to PNG."
       for kind in range(1, 8) for space in (b"\n", b" ", b"\r", b"\t")},
    b"\x76\x2f\x31\x01": "This is an OpenEXR picture. Convert it to PNG or JPEG.",
    b"#?R": "This is a Radiance HDR picture. Convert it to PNG or JPEG.",
    b"DDS ": "This is a DirectDraw texture (DDS). Convert it to PNG.",
    b"II\xbc": "This is a JPEG XR picture. Convert it to JPEG.",
    b"qoif": "This is a QOI picture. Convert it to PNG.",
    b"SIMPLE  =": "This is a FITS picture of astronomy. Export it as PNG.",
    b"AT&TFORM": "This is a DjVu document. Export its pages as PNG or JPEG.",
    b"\xd7\xcd\xc6\x9a": "This is a Windows metafile, a drawing that is not rendered. Export it as PNG.",
}  # fmt: skip
"""Pictures and drawings by their first bytes."""
_SVG: Final = "This is an SVG drawing, which is not rendered for safety. Export it as PNG."
_NO_HEIC: Final = "This installation reads no HEIC pictures: the package pillow-heif is missing. Convert it to JPEG."
_NO_JXL: Final = "This is a JPEG XL picture, which this installation does not read. Convert it to JPEG."
_UNKNOWN: Final = (
    "The first bytes are of no picture format that is read (JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC, AVIF, JPEG 2000). "
    "Convert it to one of these."
)
_SVG_ROOT: Final = re.compile(rb"<(?:[a-z0-9_-]+:)?svg[\s>/]")


def is_picture(data: bytes) -> bool:
    """Return whether data that `recognise` does not know is a picture or drawing all the same, by its first bytes."""
    known = JPEG_XL_STARTS if JPEG_XL is None else ()
    return data.startswith((*_PICTURES, *known)) or bool(brands(data) & HEIF_BRANDS) or _is_drawing(data)


def why_unread(data: bytes) -> str:
    """A sentence on what these bytes seem to be and what to do, for data that `recognise` does not know."""
    for start, sentence in _PICTURES.items():
        if data.startswith(start):
            return sentence
    if JPEG_XL is None and data.startswith(JPEG_XL_STARTS):
        return _NO_JXL
    if HEIF is None and brands(data) & HEIF_BRANDS:
        return _NO_HEIC
    if companion := companions.recognise(data[: companions.LOOKED_AT]):
        return companion.sentence
    return _SVG if _is_drawing(data) else _UNKNOWN


def _is_drawing(data: bytes) -> bool:
    """Whether it is an SVG; its root may follow long comments, in UTF-16 too."""
    return bool(_SVG_ROOT.search(data[: companions.LOOKED_AT].replace(b"\0", b"").lower()))
