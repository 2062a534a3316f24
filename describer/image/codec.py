"""Where codecs are called: what they raise on their own calls is the picture's fault, and nothing else is."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from PIL import Image

from describer.errors import Corrupt, DescriberError, TooLarge
from describer.image.values import MIB, Header

# A backstop only, for sizes that a codec meets before or after our own check of the header; above twice this it raises.
Image.MAX_IMAGE_PIXELS = 2**29

_PACKAGE: Final = __name__.rpartition(".")[0]


@contextmanager
def calling(name: str, header: Header | None = None) -> Iterator[None]:
    """Around calls of a codec alone, which raise OSError, SyntaxError, ValueError, struct.error and others.

    An error that began in a frame of this package is a bug of ours and passes through, as does a missing module.

    Args:
        name: the format's.
        header: what is known of the picture by now.

    Raises:
        Corrupt: the codec failed.
        TooLarge: it took too much memory.
    """
    try:
        yield
    except (DescriberError, ImportError):
        raise
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        sentence = f"Decoding this {name} takes too much memory. Upload a smaller copy."
        raise TooLarge(sentence, facts(header)) from error
    except Exception as error:
        if _began_here(error.__traceback__):
            raise
        raise Corrupt(f"The {name} data is damaged. Upload the picture again.", facts(header)) from error


def check_memory(needed: float, name: str, header: Header, most: int) -> None:
    """Refuses what would take more than `most` bytes. Raises TooLarge."""
    if needed > most:
        raise TooLarge(
            f"Decoding a {name} of {header.width}x{header.height} pixels takes about {needed / MIB:.0f} MiB, over the "
            f"limit of {most / MIB:.0f}. Upload a smaller copy, or raise the limit.",
            facts(header),
        )


def facts(header: Header | None) -> dict[str, str | int]:
    """What a refusal tells of the picture."""
    return {"format": header.format, "width": header.width, "height": header.height} if header else {}


def _began_here(trace: TracebackType | None) -> bool:
    module = ""
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        trace = trace.tb_next
    return module.startswith(f"{_PACKAGE}.")
