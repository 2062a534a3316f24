"""Reads a request's pictures, which are data: URLs, and checks their first bytes and headers as Azure does."""

import base64
import binascii
import io
import re

import PIL.Image

from local.azure_openai import faults
from local.azure_openai.answers import Image
from local.azure_openai.tokens import MAX_PATCHES, patches

MAX_IMAGES = 10
MAX_BYTES = 20 * 1024 * 1024
DETAILS = frozenset({"low", "high", "original", "auto"})
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")

_DATA_URL = re.compile(r"data:(?P<media_type>image/[a-z0-9.+-]+);base64,", re.IGNORECASE)


def read(part: object, where: str) -> Image:
    """Read one `image_url` part without fetching anything.

    Args:
        part: the value of `image_url`: an object with `url` and `detail`.
        where: its place in the body, for the error.

    Raises:
        faults.Rejected: not a data: URL, not base64, too large, or not one of the four formats.
    """
    url, detail = (part.get("url"), part.get("detail")) if isinstance(part, dict) else (None, None)
    if detail is not None and detail not in DETAILS:
        message = f"Invalid value: '{detail}'. Supported values are: 'low', 'high', 'original', and 'auto'."
        raise faults.Rejected(faults.error(400, message, "invalid_value", f"{where}.detail"))
    head = _DATA_URL.match(url) if isinstance(url, str) else None
    if head is None or not isinstance(url, str):
        raise faults.Rejected(faults.invalid_image("invalid_image_url", f"{where}.url"))
    data = _decoded(url[head.end() :], where)
    width, height = _size(data, where)
    if patches(width, height, detail) > MAX_PATCHES:
        raise faults.Rejected(faults.invalid_image("image_too_large", where))
    return Image(data, head["media_type"].lower(), width, height, detail)


def _decoded(text: str, where: str) -> bytes:
    if len(text) * 3 // 4 > MAX_BYTES + 3:
        raise faults.Rejected(faults.invalid_image("image_file_too_large", where))
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise faults.Rejected(faults.invalid_image("invalid_base64_image", f"{where}.url")) from None
    if len(data) > MAX_BYTES:
        raise faults.Rejected(faults.invalid_image("image_file_too_large", where))
    return data


def _size(data: bytes, where: str) -> tuple[int, int]:
    """Return width and height from the header, without decoding pixels."""
    try:
        with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if getattr(picture, "is_animated", False):
                raise faults.Rejected(faults.invalid_image("invalid_image_format", where))
            return picture.size
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise faults.Rejected(faults.invalid_image("image_too_large", where)) from None
    except (OSError, ValueError, SyntaxError):
        raise faults.Rejected(faults.invalid_image("invalid_image_format", where)) from None
