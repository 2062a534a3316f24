"""What is not read, and what its owner can do about it."""

from typing import Final

from describer.image.formats import HEIF, HEIF_BRANDS, brands

_STARTS: Final = {
    b"%PDF": "This is a PDF document. Export its pages as PNG or JPEG.",
    b"%!PS": "This is a PostScript drawing, which is not run for safety. Export it as PNG.",
    b"\xc5\xd0\xd3\xc6": "This is an EPS drawing, which is not run for safety. Export it as PNG.",
    b"8BPS": "This is a Photoshop file. Export it as PNG or JPEG.",
    b"\xff\x0a": "This is a JPEG XL picture, which is not read. Convert it to JPEG.",
    b"\0\0\0\x0cJXL ": "This is a JPEG XL picture, which is not read. Convert it to JPEG.",
    b"\0\0\0\x0cjP  ": "This is a JPEG 2000 picture, which is not read. Convert it to JPEG.",
    b"\xff\x4f\xff\x51": "This is a JPEG 2000 picture, which is not read. Convert it to JPEG.",
    b"\0\0\1\0": "This is an icon file. Convert it to PNG.",
    b"PK\3\4": "This is a ZIP archive or an Office document. Upload the pictures in it by themselves.",
    b"\x1f\x8b": "This is compressed with gzip. Upload the picture itself.",
    b"\x1aE\xdf\xa3": "This is a video. Upload a still picture of it.",
}
_SVG: Final = "This is an SVG drawing, which is not rendered for safety. Export it as PNG."
_HTML: Final = "This is a web page, perhaps the error page of a failed download. Upload the picture itself."
_VIDEO: Final = "This is a video or audio file. Upload a still picture of it."
_NO_HEIC: Final = "This installation reads no HEIC pictures: the package pillow-heif is missing. Convert it to JPEG."
_UNKNOWN: Final = (
    "The first bytes are of no picture format that is read (JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC, AVIF). "
    "Convert it to one of these."
)


def why_unread(data: bytes) -> str:
    """A sentence on what these bytes seem to be and what to do, for data that `recognise` does not know."""
    for start, sentence in _STARTS.items():
        if data.startswith(start):
            return sentence
    beginning = data[:1024].lower()
    if b"<svg" in beginning:
        return _SVG
    if b"<html" in beginning or b"<!doctype html" in beginning:
        return _HTML
    if HEIF is None and brands(data) & HEIF_BRANDS:
        return _NO_HEIC
    return _VIDEO if brands(data) else _UNKNOWN
