"""The supported formats, recognized by their first bytes.

The recognized format's plugin is called directly. `Image.open` would try others, load forty plugins for an unknown
file, warn instead of failing, and reject a JPEG whose index of further pictures (MPO) is damaged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from describer.vision.imaging.boxes import brands


@dataclass(frozen=True, slots=True)
class Format:
    """A supported format.

    Args:
        name: its name in records.
        plugin: Pillow's class for the format; it reads the header, no pixels.
        bytes_per_pixel: measured peak memory for each source pixel, plus at least 10 %; `python -m benchmarks.factors`
            measures it. For JPEGs see `by_pillow.jpeg_bytes_per_pixel`.
        graphics: whether such files are more often drawings and screenshots than photographs.
        several: name of the units of which a file may contain several; only the first is sent.
    """

    name: str
    media_type: str
    plugin: Callable[[BytesIO], ImageFile]
    bytes_per_pixel: float
    graphics: bool = False
    several: str = "frames"


JPEG: Final = Format("JPEG", "image/jpeg", JpegImageFile, 4.5, several="pictures")
PNG: Final = Format("PNG", "image/png", PngImageFile, 6, graphics=True)
GIF: Final = Format("GIF", "image/gif", GifImageFile, 9.5, graphics=True)
BMP: Final = Format("BMP", "image/bmp", BmpImageFile, 8, graphics=True)
TIFF: Final = Format("TIFF", "image/tiff", TiffImageFile, 6, graphics=True, several="pages")
WEBP: Final = Format("WEBP", "image/webp", WebPImageFile, 5)
AVIF: Final = Format("AVIF", "image/avif", AvifImageFile, 12.5)
JPEG_2000: Final = Format("JPEG2000", "image/jp2", Jpeg2KImageFile, 8)
RAW: Final = Format("RAW", "image/x-raw", JpegImageFile, 4.5)

try:
    from pillow_heif import HeifImageFile, options
except ImportError:  # optional: its wheel bundles a GPL encoder (see NOTICE)
    HEIF: Format | None = None
else:
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    HEIF = Format("HEIF", "image/heic", HeifImageFile, 11.5, several="pictures")

try:
    from pillow_jxl.JpegXLImagePlugin import JXLImageFile
except ImportError:  # optional, under GPL-3.0: see NOTICE
    JPEG_XL: Format | None = None
else:
    JPEG_XL = Format("JPEGXL", "image/jxl", JXLImageFile, 14)

_STARTS: Final = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": PNG,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
    b"II+\0": TIFF,
    b"MM\0+": TIFF,
    b"\0\0\0\x0cjP  \r\n\x87\n": JPEG_2000,
    b"\xff\x4f\xff\x51": JPEG_2000,
    b"FUJIFILMCCD-RAW": RAW,
    b"IIRO": RAW,
    b"IIRS": RAW,
    b"MMOR": RAW,
    b"IIU\0": RAW,
    b"\0MRM": RAW,
    b"FOVb": RAW,
}
JPEG_XL_STARTS: Final = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
_BMP_HEADERS: Final = {12, 16, 40, 52, 56, 64, 108, 124}
_AVIF_BRANDS: Final = {b"avif", b"avis"}
HEIF_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


def recognise(data: bytes) -> Format | None:
    """Return the format by the first bytes, regardless of the blob's name and content type; None if unknown."""
    for start, form in _STARTS.items():
        if data.startswith(start):
            return form
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return BMP
    if data.startswith(JPEG_XL_STARTS):
        return JPEG_XL
    known = brands(data)
    if b"crx " in known:
        return RAW
    if known & _AVIF_BRANDS:
        return AVIF
    return HEIF if known & HEIF_BRANDS else None
