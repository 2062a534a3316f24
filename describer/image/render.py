"""What the model is shown: any picture as a small, upright sRGB JPEG without metadata."""

from collections.abc import Callable
from io import BytesIO

from PIL.Image import Image

from describer import preparation
from describer.image.codec import opened
from describer.image.decode import decode
from describer.image.inspect import inspect
from describer.image.values import Limits, PreparedImage


def prepare(data: bytes, fit: Callable[[int, int], tuple[int, int]], limits: Limits) -> PreparedImage:
    """Decodes, shrinks, flattens, converts to sRGB, turns upright, strips metadata, encodes.

    Synchronous and without side effects; the codecs release the GIL, so it belongs in a thread, one at a time per core.

    Args:
        data: the file's bytes.
        fit: from the size in pixels, as shown upright, to the size to send, which is not larger.
        limits: bytes and memory that this picture may take.

    Raises:
        Unsupported, Corrupt, TooLarge: see `codec.opened`.
    """
    header = inspect(data, limits)
    size = fit(header.width, header.height)
    with opened(data, limits) as (form, source):
        decoded = decode(form, source, size)
    notes = [f"first of {header.frames} {form.several}"] if header.frames > 1 else []
    notes += ["transparency on white"] if decoded.transparent else []
    return PreparedImage(_jpeg(decoded.pixels, full_chroma=form.lossless), *decoded.pixels.size, tuple(notes))


def _jpeg(pixels: Image, *, full_chroma: bool) -> bytes:
    pixels.info.clear()  # the writer copies comments and XMP from there
    out = BytesIO()
    pixels.save(out, "JPEG", quality=preparation.JPEG_QUALITY, subsampling="4:4:4" if full_chroma else "4:2:0")
    return out.getvalue()
