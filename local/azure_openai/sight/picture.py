"""Decodes a file to upright RGB pixels of a size for small models."""

import io

import numpy as np
import PIL.Image
import PIL.ImageOps

from local.azure_openai import faults
from local.azure_openai.images import FORMATS

type Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

LONGEST_SIDE = 1280
"""Maximum pixels. More reads no more text in practice and costs OCR time in proportion."""
SHORTEST_SIDE = 32
"""Minimum pixels. Below, some models fail, so edges are repeated up to it."""
MAX_PIXELS = 50_000_000


def decode(data: bytes) -> Pixels:
    """Decode a picture to height x width x 3 in RGB; transparent parts become white.

    Raises:
        faults.Rejected: it cannot be decoded, or is too large.
    """
    try:
        with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise faults.Rejected(faults.invalid_image("image_too_large"))
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = PIL.ImageOps.exif_transpose(picture)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            return _no_sliver(np.asarray(_flattened(upright)))
    except (OSError, ValueError, SyntaxError):
        raise faults.Rejected(faults.invalid_image("image_parse_error")) from None


def _no_sliver(pixels: Pixels) -> Pixels:
    lacking = [max(0, SHORTEST_SIDE - side) for side in pixels.shape[:2]]
    return np.pad(pixels, ((0, lacking[0]), (0, lacking[1]), (0, 0)), mode="edge") if any(lacking) else pixels


def _flattened(picture: PIL.Image.Image) -> PIL.Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    paper = PIL.Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture.convert("RGBA"))
    return paper.convert("RGB")
