"""From any of Pillow's modes to eight-bit sRGB on white."""

from contextlib import suppress
from io import BytesIO
from typing import Final, cast

from PIL import Image, ImageCms

_SRGB: Final = ImageCms.createProfile("sRGB")
_FULL_SCALES: Final = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""White of the sources with more than eight bits: floats, then 8, 10, 12, 14 and 16 bits in wider samples."""


def resizable(image: Image.Image) -> Image.Image:
    """The picture as L, RGB, CMYK or RGBA: Pillow resizes palettes without smoothing and clips 16 bits to white."""
    if image.mode[0] in "IF":
        return _eight_bits(image)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def see_through(image: Image.Image) -> bool:
    """Whether any pixel lets the paper show."""
    return image.mode == "RGBA" and cast("tuple[int, int]", image.getchannel("A").getextrema())[0] < 255


def on_white(image: Image.Image) -> Image.Image:
    """Without alpha, as on white paper."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In sRGB, by the embedded ICC profile; one that is broken, or of another kind of colours, is passed over."""
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):
            embedded = ImageCms.ImageCmsProfile(BytesIO(profile))
            return ImageCms.profileToProfile(image, embedded, _SRGB, outputMode="RGB") or image.convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or floats, scaled by the smallest full scale that holds its brightest pixel."""
    low, high = cast("tuple[float, float]", image.getextrema())
    black = min(low, 0.0)
    white = next((scale for scale in _FULL_SCALES if high <= scale), high)
    factor = 255 / (white - black)
    return image.convert("F").point(lambda value: value * factor - black * factor).convert("L")
