"""What a child process is told, and what is kept from it.

Nothing is inherited but the list below: an `AZURE_OPENAI_ENDPOINT`, a proxy or a storage connection string in the
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
"""Names a program that runs Microsoft's own extensions; a stack then has it instead of their stand-in."""


def extensions() -> Path | None:
    """Return that program, if one is named."""
    named = os.environ.get(PROGRAM)
    return Path(named) if named else None


def clean(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a program needs to run at all, and nothing that says where data goes."""
    kept = {name: value for name, value in inherited.items() if KEPT.fullmatch(name)}
    return {**kept, "PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1,localhost"}


DEPLOYMENT = "local-stand-in"


def model(url: str) -> dict[str, str]:
    """Return the app settings of a stand-in for the model, which names itself in every record."""
    return {
        "AZURE_OPENAI_ENDPOINT": url,
        "AZURE_OPENAI_DEPLOYMENT": DEPLOYMENT,
        "MODEL_FAMILY": "gpt-5.6-luna",
    }
