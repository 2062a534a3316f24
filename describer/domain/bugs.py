"""What is told of a bug: its kind and where it was. Its sentence may quote a text, a name or a key, and stays here."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from describer.domain.errors import DescriberError

_FRAMES: Final = 8

_log = logging.getLogger(__name__)


class Unexpected(Exception):
    """A bug, told by its kind and place alone, for those who log whatever reaches them."""


def facts(error: BaseException) -> dict[str, str]:
    """Return the kind of error, and the file and line of its innermost frames, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)
    return {"error": type(error).__name__, "where": where}


@contextmanager
def kept_in(function: str) -> Iterator[None]:
    """Around a function's body: what comes out of it, the Functions host logs and exports, sentence, trace and all.

    Raises:
        Unexpected: instead of a bug, so that the host tries again or gives up as it would have.
    """
    try:
        yield
    except DescriberError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is
        found = facts(error)
        _log.error("function.failed", extra=found | {"function": function})
        raise Unexpected(f"{found['error']} at {found['where']}") from None
