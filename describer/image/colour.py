"""From any of Pillow's modes to eight-bit sRGB on white."""

from contextlib import suppress
from io import BytesIO
from typing import Final, cast

from PIL import Image, ImageCms

_SRGB: Final = ImageCms.createProfile("sRGB")


def resizable(image: Image.Image) -> Image.Image:
    """The picture as L, RGB, CMYK, RGBA, or F for more than eight bits: Pillow resizes palettes without smoothing."""
    if image.mode == "F":
        return image
    if image.mode[0] == "I":
        return image.convert("I").convert("F")
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
