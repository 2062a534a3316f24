"""The sides of a picture from the start of its file."""

from io import BytesIO
from typing import Final

from describer.vision.imaging.formats import RAW, recognise

HEAD_BYTES: Final = 128 * 1024
"""Enough for most headers: those of JPEGs come after the camera's metadata and its thumbnail, of up to 64 KiB."""


def sides(head: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels, as stored; None where the start of the file does not tell them."""
    known = recognise(head)
    if known is None or known is RAW:  # a camera's raw file begins with the sides of a thumbnail
        return None
    try:
        with known.plugin(BytesIO(head)) as picture:
            return picture.size
    except Exception:  # noqa: BLE001 - a reader may fail in any way over half a file; then only its bytes are known
        return None
