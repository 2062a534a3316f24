"""Reports a bug by its type and location only. Its message may quote a text, a name or a key, and is not logged."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from describer.domain.errors import DescriberError

_FRAMES: Final = 8

_log = logging.getLogger(__name__)


class Unexpected(Exception):
    """A bug, reduced to type and location, for code that logs every exception."""


def facts(error: BaseException) -> dict[str, str]:
    """Return the error's type, and file and line of its innermost frames, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)
    return {"error": type(error).__name__, "where": where}


@contextmanager
def redacted_in(function: str) -> Iterator[None]:
    """Redact the bugs that leave a function's body; the Functions host logs exceptions with message and traceback.

    Raises:
        Unexpected: replaces a bug, so that the host retries or gives up as usual.
    """
    try:
        yield
    except DescriberError:
        raise
    except Exception as error:  # noqa: BLE001 - any bug
        found = facts(error)
        _log.error("function.failed", extra=found | {"function": function})
        raise Unexpected(f"{found['error']} at {found['where']}") from None
