"""Messages for files that are not supported, with advice to their owners."""

import re
from typing import Final

from describer.vision.imaging.boxes import brands
from describer.vision.imaging.formats import HEIF, HEIF_BRANDS, JPEG_XL, JPEG_XL_STARTS

_STARTS: Final = {
    b"%!PS": "This is a PostScript drawing. It is not run, for safety. Export it as PNG.",
    b"\xc5\xd0\xd3\xc6": "This is an EPS drawing. It is not run, for safety. Export it as PNG.",
    b"8BPS": "This is a Photoshop file. Export it as PNG or JPEG.",
    b"8BPB": "This is a Photoshop file. Export it as PNG or JPEG.",
    b"gimp xcf": "This is a GIMP file. Export it as PNG or JPEG.",
    b"\0\0\1\0": "This is an icon file. Convert it to PNG.",
    b"PK\3\4": "This is a ZIP archive or an Office document. Extract its pictures and upload them.",
    b"\xd0\xcf\x11\xe0": "This is an old Office document. Extract its pictures and upload them.",
    b"Rar!": "This is a RAR archive. Extract its pictures and upload them.",
    b"7z\xbc\xaf": "This is a 7z archive. Extract its pictures and upload them.",
    b"\x1f\x8b": "This is compressed with gzip. Upload the picture itself.",
    b"\x1aE\xdf\xa3": "This is a video. Upload a still picture of it.",
    b"\0\5\x16\7": "This is a macOS companion file (AppleDouble, ._NAME). Upload NAME itself.",
    b"\0\5\x16\0": "This is a macOS container file (AppleSingle). Upload the picture itself.",
    b"version https://git-lfs": "This is a Git LFS pointer. Fetch the picture itself and upload it.",
}
_PDF: Final = "This is a PDF document. Export its pages as PNG or JPEG."
_SVG: Final = "This is an SVG drawing. It is not rendered, for safety. Export it as PNG."
_HTML: Final = "This is a web page, perhaps the error page of a failed download. Upload the picture itself."
_XML: Final = "This is an XML document, perhaps a saved error message. Upload the picture itself."
_JSON: Final = "This is JSON, perhaps a saved error message. Upload the picture itself."
_TEXT: Final = "This is text. Upload the picture itself."
_VIDEO: Final = "This is a video or audio file. Upload a still picture of it."
_NO_HEIC: Final = "This installation cannot read HEIC: the package pillow-heif is missing. Convert the picture to JPEG."
_NO_JXL: Final = "This is a JPEG XL picture, which this installation cannot read. Convert it to JPEG."
_UNKNOWN: Final = (
    "The file is not in a supported picture format (JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC, AVIF, JPEG 2000). "
    "Convert it to one of these."
)
_LOOKED_AT: Final = 65_536
_PDF_WITHIN: Final = 1024  # PDF readers accept this many bytes before the marker
_SVG_ROOT: Final = re.compile(rb"<(?:[a-z0-9_-]+:)?svg[\s>/]")
_HTML_ROOT: Final = re.compile(rb"<html[\s>]|<!doctype\s+html|<head[\s>]|<body[\s>]")


def why_unread(data: bytes) -> str:
    """Return a sentence on what the data seems to be and what to do, for data that `recognise` does not know."""
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
    """Return the sentence for a kind of text; empty for other data. Roots may follow long comments or be UTF-16."""
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
