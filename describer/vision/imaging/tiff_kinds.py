"""Chooses the decoder for each kind of TIFF page, by trials: a wrong decoder yields black or noise, not an error."""

from enum import Enum
from typing import Final

from describer.domain.errors import Unsupported
from describer.vision.imaging.tiff import Page, Tag


class Reader(Enum):
    """The decoder of a page."""

    VIPS = "libvips"
    PILLOW = "Pillow, whose libtiff has more codecs"
    TILES = "each tile is a JPEG 2000 picture of its own"


_BY_VIPS: Final = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50001})
_BY_PILLOW: Final = frozenset({6, 34925, 50000})  # JPEG of the old kind, LZMA, Zstandard
_JPEG_2000: Final = frozenset({33003, 33005, 34712})
_NAMES: Final = {
    *{(32766, "NeXT"), (32809, "ThunderScan"), (34661, "JBIG"), (34676, "LogLuv"), (34677, "LogLuv"), (34713, "NEF")},
    *{(34887, "LERC"), (34892, "lossy JPEG of DNG"), (34933, "PNG"), (34934, "JPEG XR"), (50002, "JPEG XL")},
    *{(52546, "JPEG XL"), (65000, "Kodak DCR"), (65535, "Pentax PEF")},
}
_INTEGER, _SIGNED, _FLOAT = 1, 2, 3
_YCBCR, _LAB = 6, {8, 9, 10}


def reader(page: Page) -> Reader:
    """Return the decoder of a page. Raises Unsupported: no decoder reads it correctly."""
    compression = page.first(Tag.COMPRESSION, 1)
    if compression in _JPEG_2000:
        return Reader.TILES
    if page.first(Tag.PHOTOMETRIC) in _LAB and page.first(Tag.BITS, 8) == 8:
        return Reader.PILLOW
    if compression in _BY_VIPS and not (why := _not_by_vips(page, compression)):
        return Reader.VIPS
    if compression in _BY_VIPS:
        raise _unsupported(why)
    if compression in _BY_PILLOW:
        if why := _not_by_pillow(page):
            raise _unsupported(why)
        return Reader.PILLOW
    raise _unsupported(f"the compression {dict(_NAMES).get(compression, f'number {compression}')}")


def is_plain(page: Page) -> bool:
    """Return whether Pillow reads such pages correctly in any compression."""
    return not _not_by_pillow(page)


def _unsupported(what: str) -> Unsupported:
    return Unsupported(f"This TIFF has {what}, which is not read. Save it again as PNG or JPEG.")


def _sample(page: Page) -> tuple[int, int]:
    """Return the bits and the kind of a sample."""
    return page.first(Tag.BITS, 1), page.first(Tag.FORMAT, _INTEGER)


def _not_by_vips(page: Page, compression: int) -> str:
    bits, kind = _sample(page)
    samples, planar = page.first(Tag.SAMPLES, 1), page.first(Tag.PLANAR, 1) == 2
    sides = {_INTEGER: {1, 2, 4, 8, 16, 32}, _SIGNED: {8, 16, 32}, _FLOAT: {16, 32}}.get(kind, {8, 16, 32})
    if bits not in sides or (bits < 8 and samples > 1):
        return f"samples of {bits} bits"
    if kind == _FLOAT and bits == 16 and planar:
        return "planes of 16-bit floats"
    if page.first(Tag.PHOTOMETRIC) == _YCBCR and compression != 7:
        return "YCbCr colours without JPEG"
    return ""


def _not_by_pillow(page: Page) -> str:
    bits, kind = _sample(page)
    if page.first(Tag.PLANAR, 1) == 2 and bits != 8:
        return f"planes of {bits} bits in this compression"
    if kind != _INTEGER or bits not in {1, 8, 16}:
        return f"samples of {bits} bits in this compression"
    return ""
