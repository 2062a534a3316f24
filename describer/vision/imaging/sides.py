"""Reads a picture's width and height from the start of its file."""

from io import BytesIO
from typing import Final

from describer.vision.imaging.formats import RAW, recognise

HEAD_BYTES: Final = 128 * 1024
"""Bytes that suffice for most headers; in JPEGs, metadata and a thumbnail of up to 64 KiB come first."""


def sides(head: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels as stored, or None if the start of the file does not contain them."""
    known = recognise(head)
    if known is None or known is RAW:  # a raw file begins with the size of a thumbnail
        return None
    try:
        with known.plugin(BytesIO(head)) as picture:
            return picture.size
    except Exception:  # noqa: BLE001 - a decoder may fail in any way on an incomplete file
        return None
