"""`python -m describer`, and `describer` where it is installed."""

import sys
from typing import Final

from describer.app import App

_PACKAGES: Final = {"click", "rich"}


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from describer.entrypoints.cli.run import run  # noqa: PLC0415 - the deployed app has not got its packages
    except ModuleNotFoundError as error:
        if error.name not in _PACKAGES:
            raise
        sys.exit("The command line needs the packages click and rich: pip install 'image-describer[cli]'.")
    sys.exit(run(App.without_telemetry))


if __name__ == "__main__":
    main()
