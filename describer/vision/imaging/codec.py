"""Guards calls to codecs: an error that a codec raises is the picture's fault; an error in our code is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from PIL import Image

from describer.domain.errors import Corrupt, DescriberError, TooLarge, Unsupported
from describer.vision.imaging.values import MIB, Header, Limits

# A backstop for sizes that a codec finds before or after our own check of the header; above twice this, it raises.
Image.MAX_IMAGE_PIXELS = 2**29

_SHORT_OF_MEMORY: Final = ("out of memory", "memory allocation", "unable to allocate")
_NOT_BUILT_IN: Final = (
    *("not configured", "not implemented", "not supported", "not been built in", "not available", "unsupported"),
    *("unknown pixel mode", "samples out of range", "whole number of bytes", "cannot handle", "unknown data"),
)
"""Phrases by which libraries report a missing decoder; the file may be valid."""
_PACKAGE: Final = __name__.rpartition(".")[0]


@contextmanager
def calling(name: str, header: Header | None = None) -> Iterator[None]:
    """Map the errors of codec calls (OSError, SyntaxError, ValueError, struct.error and others) to ours.

    An error raised by code of this package is a bug and passes through, as does a missing module.

    Raises:
        Corrupt: the codec failed.
        Unsupported: the codec cannot decode this kind.
        TooLarge: the codec needed too much memory.
    """
    try:
        yield
    except (DescriberError, ImportError):
        raise
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(_too_much(name), facts(header)) from error
    except Exception as error:
        if _began_here(error.__traceback__):
            raise
        words = str(error).lower()
        if any(sign in words for sign in _SHORT_OF_MEMORY):
            raise TooLarge(_too_much(name), facts(header)) from error
        if any(sign in words for sign in _NOT_BUILT_IN):
            sentence = f"The way in which this {name} stores its pixels is not read. Save it again as PNG or JPEG."
            raise Unsupported(sentence, facts(header)) from error
        raise Corrupt(f"The {name} data is damaged. Use an undamaged copy.", facts(header)) from error


def check_cost(needed: float, header: Header, limits: Limits) -> None:
    """Reject a picture by its header if it has too many pixels or `needed` bytes exceed the limit. Raises TooLarge."""
    what = f"a {header.format} of {header.width}x{header.height} pixels"
    if header.width * header.height > limits.max_pixels:
        most = f"{limits.max_pixels // 10**6} million"
        raise TooLarge(f"Decoding {what} takes too long; {most} are allowed. Use a smaller copy.", facts(header))
    if needed > limits.decode_memory:
        raise TooLarge(
            f"Decoding {what} takes about {needed / MIB:.0f} MiB, over the limit of {limits.decode_memory / MIB:.0f}. "
            f"Use a smaller copy, or raise the limit.",
            facts(header),
        )


def facts(header: Header | None) -> dict[str, str | int]:
    """Return the facts about the picture for a rejection."""
    return {"format": header.format, "width": header.width, "height": header.height} if header else {}


def _too_much(name: str) -> str:
    return f"Decoding this {name} takes too much memory. Use a smaller copy."


def _began_here(trace: TracebackType | None) -> bool:
    module = ""
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        trace = trace.tb_next
    return module.startswith(f"{_PACKAGE}.")
