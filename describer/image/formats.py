"""Which formats are read, and how one is known by its first bytes.

The plugin of the recognised format is called by itself rather than through `Image.open`, which tries others, loads
forty of them for a stranger, warns instead of deciding, and gives up a JPEG whose index of further pictures (MPO) is
broken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Args:
        name: as it stands in records.
        plugin: Pillow's class that opens it; reads the header, no pixels.
        bytes_per_pixel: the most memory, per pixel of the source, that preparing such a picture took (measured).
        lossless: keeps pixels exactly, hence the format of drawings and screenshots, whose coloured text needs full
            chroma.
        several: what a file may hold more than one of, where only the first is shown.
        turns_itself: the plugin applies the orientation on its own.
    """

    name: str
    media_type: str
    plugin: Callable[[BytesIO], ImageFile]
    bytes_per_pixel: float
    lossless: bool = False
    several: str = "frames"
    turns_itself: bool = False


JPEG: Final = Format("JPEG", "image/jpeg", JpegImageFile, 10)
PNG: Final = Format("PNG", "image/png", PngImageFile, 14, lossless=True)
GIF: Final = Format("GIF", "image/gif", GifImageFile, 11, lossless=True)
BMP: Final = Format("BMP", "image/bmp", BmpImageFile, 8, lossless=True)
TIFF: Final = Format("TIFF", "image/tiff", TiffImageFile, 14, lossless=True, several="pages", turns_itself=True)
WEBP: Final = Format("WEBP", "image/webp", WebPImageFile, 23)
AVIF: Final = Format("AVIF", "image/avif", AvifImageFile, 19)

try:
    from pillow_heif import HeifImageFile, options
except ImportError:  # an installation may leave it out: its wheel bundles a GPL encoder (see NOTICE)
    HEIF: Format | None = None
else:
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    HEIF = Format("HEIF", "image/heic", HeifImageFile, 15, several="pictures")

_STARTS: Final = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": PNG,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
    b"II+\0": TIFF,
    b"MM\0+": TIFF,
}
_BMP_HEADERS: Final = {12, 16, 40, 52, 56, 64, 108, 124}
_AVIF_BRANDS: Final = {b"avif", b"avis"}
HEIF_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


def recognise(data: bytes) -> Format | None:
    """The format by the first bytes, whatever the blob's name or content type say; None for a stranger."""
    for start, form in _STARTS.items():
        if data.startswith(start):
            return form
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return BMP
    if brands(data) & _AVIF_BRANDS:
        return AVIF
    return HEIF if brands(data) & HEIF_BRANDS else None


def brands(data: bytes) -> set[bytes]:
    """The brands that a file of boxes (ISO 14496-12: HEIF, AVIF, MP4) declares; empty for other files."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4]), 256)
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}
