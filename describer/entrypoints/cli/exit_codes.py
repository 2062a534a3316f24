"""What the exit code says."""

from collections.abc import Iterable
from enum import IntEnum

from describer.domain.errors import Declined, DescriberError, InvalidRequest, Misconfigured, Transient
from describer.entrypoints.cli.results import Result


class Exit(IntEnum):
    """The worst of what happened. The help of the command line lists them."""

    GOOD = 0
    """Every picture has a text that can be used."""
    SOME = 1
    """Some picture has none, or a person should look at it first."""
    USAGE = 2
    """The command line itself is wrong."""
    MISCONFIGURED = 3
    """A setting, a role or a deployment is missing or wrong; of `doctor`: something has failed."""
    LATER = 4
    """Some picture had no answer now: a rate limit, an outage."""
    BUG = 70
    INTERRUPTED = 130
    """Ctrl-C."""
    TERMINATED = 143
    """SIGTERM."""


def of_results(results: Iterable[Result]) -> Exit:
    """The code for pictures that were worked on."""
    codes = {_of_result(result) for result in results}
    return Exit.LATER if Exit.LATER in codes else max(codes, default=Exit.GOOD)


def of_error(error: DescriberError) -> Exit:
    """The code for an error that ended the command."""
    match error:
        case InvalidRequest():
            return Exit.USAGE
        case Misconfigured():
            return Exit.MISCONFIGURED
        case Declined():
            return Exit.SOME
        case Transient():
            return Exit.LATER
        case _:
            return Exit.SOME


def _of_result(result: Result) -> Exit:
    if result.fault is not None:
        return of_error(result.fault)
    return Exit.GOOD if result.record is not None and result.record.status.is_published else Exit.SOME
