"""Measures each format's memory per pixel against the app's assumption: `python -m benchmarks.factors`.

One picture of 12 megapixels for each format and mode, in a fresh process. The assumption must exceed the measurement
by at least a tenth, so that no picture takes more than was reserved for it, and by at most the printed limit: too high
an assumption rejects pictures that would fit. PNG, TIFF and single WebP pictures are read row by row and counted by
`by_vips.py` in rows; JPEGs of one scan are shrunk while they are decoded.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Final

import pillow_jxl  # noqa: F401 - so that Pillow writes it
from PIL import Image

from benchmarks.figures import Figure, main
from benchmarks.preparation import peak_of, photo
from describer.vision.imaging import jpeg
from describer.vision.imaging.by_pillow import jpeg_bytes_per_pixel
from describer.vision.imaging.formats import AVIF, BMP, GIF, HEIF, JPEG_2000, JPEG_XL, WEBP

_SIDES: Final = (4032, 3024)
_MARGIN: Final = 1.1
_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Mode:
    """How a format stores pixels, and the bytes per pixel that the app reserves for that; None: by a JPEG's header."""

    name: str
    data: Callable[[], bytes]
    assumed: float | None = None


def _as_mode(mode: str, form: str, **options: object) -> bytes:
    with Image.open(BytesIO(photo(*_SIDES, "BMP"))) as image:
        out = BytesIO()
        image.convert(mode).save(out, form, **options)
    return out.getvalue()


def modes() -> Iterator[Mode]:
    """All of them."""
    assert HEIF is not None
    assert JPEG_XL is not None
    made = partial(partial, photo, *_SIDES)
    yield Mode("JPEG, one scan", made("JPEG", quality=90))
    yield Mode("JPEG, progressive", made("JPEG", quality=90, progressive=True))
    yield Mode("JPEG, progressive, 4:4:4", made("JPEG", quality=90, progressive=True, subsampling=0))
    yield Mode("JPEG, progressive, grey", partial(_as_mode, "L", "JPEG", progressive=True))
    yield Mode("JPEG, progressive, CMYK", partial(_as_mode, "CMYK", "JPEG", progressive=True))
    yield Mode("GIF", partial(_as_mode, "P", "GIF"), GIF.bytes_per_pixel)
    yield Mode("BMP", made("BMP"), BMP.bytes_per_pixel)
    yield Mode("BMP, palette", partial(_as_mode, "P", "BMP"), BMP.bytes_per_pixel)
    yield Mode("WebP", made("WEBP", quality=85, method=1), WEBP.bytes_per_pixel)
    yield Mode("AVIF", made("AVIF", speed=10), AVIF.bytes_per_pixel)
    yield Mode("AVIF, 4:4:4", made("AVIF", speed=10, subsampling="4:4:4"), AVIF.bytes_per_pixel)
    yield Mode("AVIF, alpha", partial(_as_mode, "RGBA", "AVIF", speed=10), AVIF.bytes_per_pixel)
    yield Mode("HEIC", made("HEIF"), HEIF.bytes_per_pixel)
    yield Mode("HEIC, 4:4:4", made("HEIF", chroma="444"), HEIF.bytes_per_pixel)
    yield Mode("JPEG 2000", made("JPEG2000", quality_layers=[20]), JPEG_2000.bytes_per_pixel)
    yield Mode("JPEG XL", made("JXL", effort=1), JPEG_XL.bytes_per_pixel)


def measure() -> list[Figure]:
    """For each mode: bytes per pixel as measured, and what is assumed in parts of it."""
    figures = []
    for mode in modes():
        data = mode.data()
        assumed = mode.assumed or jpeg_bytes_per_pixel(jpeg.read(data))
        taken = peak_of(data) * _MIB / (_SIDES[0] * _SIDES[1])
        figures += [
            Figure(f"{mode.name}: takes", taken, "bytes a pixel", at_most=assumed / _MARGIN),
            Figure(f"{mode.name}: margin", assumed / taken, "x"),
        ]
    return figures


if __name__ == "__main__":
    main("factors", measure)
