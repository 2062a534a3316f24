"""The one door to the codecs: whatever they raise leaves as a `Refused`."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from PIL import Image
from PIL.ImageFile import ImageFile

from describer.errors import Corrupt, Refused, TooLarge, Unsupported
from describer.image import png
from describer.image.formats import JPEG, PNG, Format, recognise
from describer.image.jpeg import in_one_scan
from describer.image.strangers import why_unread
from describer.image.values import MIB, Limits

PLAIN_JPEG_BYTES_PER_PIXEL: Final = 2.5
"""JPEGs of one sequential scan are shrunk while they are decoded; the others are held whole."""

# A backstop only, for sizes that a codec meets before or after our own check of the header; above twice this it raises.
Image.MAX_IMAGE_PIXELS = 2**29


@contextmanager
def opened(data: bytes, limits: Limits) -> Iterator[tuple[Format, ImageFile]]:
    """Opens a picture by its header, within the limits; what fails inside the `with` block is the picture's fault.

    Raises:
        Unsupported: not a format that is read.
        Corrupt: no bytes, or its codec failed.
        TooLarge: too many bytes, or decoding would take, or took, too much memory.
    """
    form = _admit(data, limits)
    try:
        with form.plugin(BytesIO(data)) as source:
            _check_memory(_bytes_per_pixel(form, data), form, source, limits)
            if form is PNG and "Raw profile type exif" not in source.info:
                source.info.setdefault("exif", png.exif(data))  # else Pillow decodes all pixels to look for it
            yield form, source
    except Refused:
        raise
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(f"Decoding this {form.name} takes too much memory. Upload a smaller copy.") from error
    except Exception as error:  # codecs raise OSError, SyntaxError, ValueError, AssertionError, RuntimeError …
        reason = str(error) or type(error).__name__
        raise Corrupt(f"The {form.name} data is damaged ({reason}). Upload the picture again.") from error


def _admit(data: bytes, limits: Limits) -> Format:
    if not data:
        raise Corrupt("The picture has no bytes. Upload it again.")
    if len(data) > limits.max_bytes:
        size, most = len(data) / MIB, limits.max_bytes / MIB
        raise TooLarge(f"The file has {size:.1f} MiB, over the limit of {most:.1f}. Upload a smaller copy.")
    form = recognise(data)
    if form is None:
        raise Unsupported(why_unread(data))
    return form


def _bytes_per_pixel(form: Format, data: bytes) -> float:
    return PLAIN_JPEG_BYTES_PER_PIXEL if form is JPEG and in_one_scan(data) else form.bytes_per_pixel


def _check_memory(per_pixel: float, form: Format, source: ImageFile, limits: Limits) -> None:
    needed = source.width * source.height * per_pixel
    if needed > limits.decode_memory:
        raise TooLarge(
            f"Decoding a {form.name} of {source.width}x{source.height} pixels takes about {needed / MIB:.0f} MiB, over "
            f"the limit of {limits.decode_memory / MIB:.0f}. Upload a smaller copy, or raise the limit."
        )
