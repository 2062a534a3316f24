"""What is not read, and what its owner can do about it."""

import re
from typing import Final

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
_STARTS: Final = _PICTURES | {
    b"PK\3\4": "This is a ZIP archive or an Office document. Take the pictures out of it.",
    b"\xd0\xcf\x11\xe0": "This is an old Office document. Take the pictures out of it.",
    b"Rar!": "This is a RAR archive. Take the pictures out of it.",
    b"7z\xbc\xaf": "This is a 7z archive. Take the pictures out of it.",
    b"\x1f\x8b": "This is compressed with gzip. Use the picture itself.",
    b"\x1aE\xdf\xa3": "This is a video. Use a still picture of it.",
    b"\0\5\x16\7": "This is the companion of a file that macOS keeps (AppleDouble, ._NAME). Use NAME itself.",
    b"\0\5\x16\0": "This is a file of macOS (AppleSingle). Use the picture itself.",
    b"version https://git-lfs": "This is a pointer of Git LFS. Fetch the picture itself.",
}
_PDF: Final = "This is a PDF document. Export its pages as PNG or JPEG."
_SVG: Final = "This is an SVG drawing, which is not rendered for safety. Export it as PNG."
_HTML: Final = "This is a web page, perhaps the error page of a failed download. Use the picture itself."
_XML: Final = "This is an XML document, perhaps an error that was saved as a picture. Use the picture itself."
_JSON: Final = "This is JSON, perhaps an error that was saved as a picture. Use the picture itself."
_TEXT: Final = "This is text. Use the picture itself."
_VIDEO: Final = "This is a video or audio file. Use a still picture of it."
_NO_HEIC: Final = "This installation reads no HEIC pictures: the package pillow-heif is missing. Convert it to JPEG."
_NO_JXL: Final = "This is a JPEG XL picture, which this installation does not read. Convert it to JPEG."
_UNKNOWN: Final = (
    "The first bytes are of no picture format that is read (JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC, AVIF, JPEG 2000). "
    "Convert it to one of these."
)
_LOOKED_AT: Final = 65_536
_PDF_WITHIN: Final = 1024  # readers of PDF take so much before its mark
_SVG_ROOT: Final = re.compile(rb"<(?:[a-z0-9_-]+:)?svg[\s>/]")
_HTML_ROOT: Final = re.compile(rb"<html[\s>]|<!doctype\s+html|<head[\s>]|<body[\s>]")


def is_picture(data: bytes) -> bool:
    """Return whether data that `recognise` does not know is a picture or drawing all the same, by its first bytes."""
    known = JPEG_XL_STARTS if JPEG_XL is None else ()
    return data.startswith((*_PICTURES, *known)) or bool(brands(data) & HEIF_BRANDS) or _text(data) == _SVG


def why_unread(data: bytes) -> str:
    """A sentence on what these bytes seem to be and what to do, for data that `recognise` does not know."""
    for start, sentence in _STARTS.items():
        if data.startswith(start):
            return sentence
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return _PDF
    if JPEG_XL is None and data.startswith(JPEG_XL_STARTS):
        return _NO_JXL
    if HEIF is None and brands(data) & HEIF_BRANDS:
        return _NO_HEIC
    return _VIDEO if brands(data) else _text(data) or _UNKNOWN


def _text(data: bytes) -> str:
    """What kind of text it is; nothing where it is none. A root may follow long comments, in UTF-16 too."""
    beginning = data[:_LOOKED_AT].replace(b"\0", b"").lower().removeprefix(b"\xef\xbb\xbf").strip()
    for root, sentence in ((_SVG_ROOT, _SVG), (_HTML_ROOT, _HTML)):
        if root.search(beginning):
            return sentence
    if beginning.startswith((b"<?xml", b"\xff\xfe<?xml", b"\xfe\xff<?xml")) or re.match(rb"<[a-z!?]", beginning):
        return _XML
    if beginning[:1] in {b"{", b"["}:
        return _JSON
    printable = all(byte >= 32 or byte in b"\t\r\n\f" for byte in beginning[:512])
    return _TEXT if len(beginning) >= 16 and printable and _is_utf8(beginning[:512]) else ""


def _is_utf8(some: bytes) -> bool:
    try:
        some[:-4].decode()
    except UnicodeDecodeError:
        return False
    return True
