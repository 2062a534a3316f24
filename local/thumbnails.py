"""Makes small copies of pictures for a page: browsers show neither HEIC nor TIFF, and the originals are large."""

import warnings
from pathlib import Path

from PIL import Image, ImageOps

try:
    import pillow_heif
except ImportError:  # an installation may leave it out, see NOTICE
    pass
else:
    pillow_heif.register_heif_opener()

SIDE = 640  # pixels of the longest side
_RAISED = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    MemoryError,
)  # by Pillow's plugins


def write(picture: Path, copy: Path) -> bool:
    """Write a WebP of at most SIDE x SIDE, upright and over white; the first frame of several.

    Pass only pictures that were decoded before, in a process that may crash: this function has no protection.

    Returns:
        False if that fails for any reason; nothing is written then.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd EXIF and the like
            warnings.simplefilter("error", Image.DecompressionBombWarning)  # 89 million pixels: no preview
            with Image.open(picture) as original:
                original.draft("RGB", (SIDE, SIDE))  # JPEG can be decoded at a small size
                small = _small(original)
            small.save(copy, "WEBP", quality=82)
    except (*_RAISED, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False
    return True


def _small(original: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(original)
    if image.mode.startswith(("I", "F")):  # 16 bits and floats: spread what is there over 8 bits
        low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]  # one band, two numbers
        image = image.point(lambda value: (value - low) * (255 / ((high - low) or 1))).convert("L")
    image.thumbnail((SIDE, SIDE))
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        image = Image.new("RGBA", clear.size, "white")
        image.alpha_composite(clear)
    return image.convert("RGB")
