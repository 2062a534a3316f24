"""`python -m describer`, and `describer` where it is installed."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PACKAGES: Final = {"click", "rich"}


def main() -> None:
    """Run the command line and end the process with its exit code."""
    with _ended_by_ctrl_c():
        from describer.app import App  # noqa: PLC0415 - imports take a second

        try:
            from describer.entrypoints.cli.run import run  # noqa: PLC0415 - the deployed app has not got its packages
        except ModuleNotFoundError as error:
            if error.name not in _PACKAGES:
                raise
            sys.exit("The command line needs the packages click and rich: pip install 'image-describer[cli]'.")
    sys.exit(run(App.without_telemetry))


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Have Ctrl-C end the process at once, instead of by a traceback of whatever is imported just then."""
    handler = signal.getsignal(signal.SIGINT)
    ours = handler is signal.default_int_handler  # a parent may have it ignored
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    yield
    if ours:
        signal.signal(signal.SIGINT, handler)


if __name__ == "__main__":
    main()
