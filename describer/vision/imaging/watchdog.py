"""Limits on computing time, enforced by the kernel. They need the process's main thread."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from describer.domain.errors import TooLarge

HEADER_SECONDS: Final = 1.0
"""Maximum seconds of computing for a header; valid headers of 100 MiB take a tenth."""
PICTURE_SECONDS: Final = 30.0
"""Maximum seconds of computing for a picture; 100 megapixels of 16 bits take a third."""


class _Overdue(BaseException):
    """The time is over. Not an `Exception`, so that codecs do not catch it."""


@contextmanager
def header_time(seconds: float = HEADER_SECONDS) -> Iterator[Callable[[], None]]:
    """Abort the block after so many seconds of computing, unless the yielded function was called before.

    A codec's C code is not interrupted by this; `die_after` ends it.

    Raises:
        TooLarge: the time is over.
    """

    def overdue(_signal: int, _frame: FrameType | None) -> None:
        raise _Overdue

    def done() -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    before = signal.signal(signal.SIGVTALRM, overdue)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield done
    except _Overdue:
        sentence = f"Reading this picture's header takes over {seconds:g} s. Save the picture again."
        raise TooLarge(sentence) from None
    finally:
        done()
        signal.signal(signal.SIGVTALRM, before)


def die_after(seconds: float = PICTURE_SECONDS) -> None:
    """Let the kernel end this process by SIGPROF after so many seconds of computing, in Python or C; 0: never."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
