"""What the model is shown: any picture as a small, upright sRGB JPEG without metadata."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL.Image import Image

from describer.errors import Corrupt, TooLarge, Unsupported
from describer.image import pillow
from describer.image.formats import recognise
from describer.image.pillow import Opened
from describer.image.strangers import why_unread
from describer.image.values import MIB, Limits, PreparedImage
from describer.image.watchdog import header_time
from describer.preparation import JPEG_QUALITY


def prepare(data: bytes, fit: Callable[[int, int], tuple[int, int]], limits: Limits) -> PreparedImage:
    """Decodes, shrinks, flattens, converts to sRGB, turns upright, strips metadata, encodes.

    Synchronous and without side effects; belongs in the main thread of a process of its own, see `pool.py`.

    Args:
        data: the file's bytes.
        fit: from the size in pixels, as shown upright, to the size to send, which is not larger.
        limits: bytes and memory that this picture may take.

    Raises:
        Unsupported, Corrupt, TooLarge: see `opened`.
    """
    with opened(data, limits) as picture:
        header = picture.header
        decoded = picture.decode(fit(header.width, header.height))
    notes = [f"first of {header.frames} {picture.form.several}"] if header.frames > 1 else []
    notes += ["transparency on white"] if decoded.transparent else []
    jpeg = _jpeg(decoded.pixels, full_chroma=picture.form.lossless)
    return PreparedImage(jpeg, *decoded.pixels.size, tuple(notes), header)


@contextmanager
def opened(data: bytes, limits: Limits) -> Iterator[Opened]:
    """The picture, its header read once and no pixel yet.

    Raises:
        Unsupported: not a format that is read.
        Corrupt: no bytes, or its codec failed.
        TooLarge: too many bytes, a header that takes more than a core-second, or decoding would take too much memory.
    """
    if not data:
        raise Corrupt("The picture has no bytes. Upload it again.")
    if len(data) > limits.max_bytes:
        size, most = len(data) / MIB, limits.max_bytes / MIB
        raise TooLarge(f"The file has {size:.1f} MiB, over the limit of {most:.1f}. Upload a smaller copy.")
    with header_time() as header_read:
        form = recognise(data)
        if form is None:
            raise Unsupported(why_unread(data))
        with pillow.opened(form, data, limits) as picture:
            header_read()
            yield picture


def _jpeg(pixels: Image, *, full_chroma: bool) -> bytes:
    pixels.info.clear()  # the writer copies comments and XMP from there
    out = BytesIO()
    pixels.save(out, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4" if full_chroma else "4:2:0")
    return out.getvalue()
