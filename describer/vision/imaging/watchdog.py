"""Limits of computing time, counted by the kernel for this process; they need its main thread."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from describer.domain.errors import TooLarge

HEADER_SECONDS: Final = 1.0
"""Of computing, for any header: sound ones of 100 MiB take a tenth of it."""
PICTURE_SECONDS: Final = 30.0
"""Of computing, for all of a picture: 100 megapixels of 16 bits take a third of it."""


class _Overdue(BaseException):
    """Not an `Exception`, so that no codec takes it for one of its own."""


@contextmanager
def header_time(seconds: float = HEADER_SECONDS) -> Iterator[Callable[[], None]]:
    """Ends the block after so many seconds of computing, unless the function that it gets was called before.

    What a codec does in C is not interrupted there; `die_after` ends it.

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
    """Has the kernel end this process by SIGPROF after so many seconds of computing, in Python or in C; 0: never."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
