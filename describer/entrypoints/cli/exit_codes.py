"""The exit codes."""

from collections.abc import Iterable
from enum import IntEnum

from describer.domain.errors import Declined, DescriberError, InvalidRequest, Misconfigured, Transient
from describer.entrypoints.cli.results import Result


class Exit(IntEnum):
    """The exit code for the worst of what happened. The help text lists the codes."""

    GOOD = 0
    """Every picture has a text for publication."""
    SOME = 1
    """A picture has none, or its text needs a review."""
    USAGE = 2
    """The command line is invalid."""
    MISCONFIGURED = 3
    """A setting, a role or a deployment is missing or wrong; for `doctor`: a check has failed."""
    LATER = 4
    """A picture could not be described now because of a rate limit or an outage."""
    BUG = 70
    INTERRUPTED = 130
    """Ctrl-C."""
    TERMINATED = 143
    """SIGTERM."""


def of_results(results: Iterable[Result]) -> Exit:
    codes = {_of_result(result) for result in results}
    return Exit.LATER if Exit.LATER in codes else max(codes, default=Exit.GOOD)


def of_error(error: DescriberError) -> Exit:
    """Return the code for an error that ended the command."""
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
