"""Builds the environment of child processes.

Only the variables listed below are inherited: an `AZURE_OPENAI_ENDPOINT`, a proxy or a storage connection string in the
user's shell must never make a picture leave the machine by accident.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|COLORTERM|NO_COLOR|TMPDIR|TEMP|TMP"
    r"|VIRTUAL_ENV|LD_LIBRARY_PATH|DYLD_\w+|COVERAGE_\w+"
)

# The client id of the stand-in's user-assigned identity.
CLIENT_ID = "11111111-2222-3333-4444-555555555555"


PROGRAM = "WEBJOBS_HOST"
"""The setting that names a program with Microsoft's own extensions, which a stack then runs instead of the stand-in."""


def extensions() -> Path | None:
    """Return that program, or None."""
    named = os.environ.get(PROGRAM)
    return Path(named) if named else None


def clean(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that any program needs to run, and none that directs data."""
    kept = {name: value for name, value in inherited.items() if KEPT.fullmatch(name)}
    return {**kept, "PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1,localhost"}


DEPLOYMENT = "local-stand-in"


def model(url: str) -> dict[str, str]:
    """Return the app settings for the stand-in for the model, whose name is in every record."""
    return {
        "AZURE_OPENAI_ENDPOINT": url,
        "AZURE_OPENAI_DEPLOYMENT": DEPLOYMENT,
        "MODEL_FAMILY": "gpt-5.6-luna",
    }
