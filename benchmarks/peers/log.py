"""Reads functions' calls from the development host's log: picture, success, end and duration."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

_BEGUN: Final = re.compile(r"Executing '[^']+' \(Reason='(?P<reason>[^']*)', Id=(?P<id>[0-9a-f-]+)\)")
_ENDED: Final = re.compile(
    r"^(?P<at>\S+ \S+) .*Executed 'Functions\.(?P<function>\w+)' "
    r"\((?P<how>\w+), Id=(?P<id>[0-9a-f-]+), Duration=(?P<ms>\d+)ms\)"
)
_BLOB: Final = "New blob detected(EventGrid): images/"


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call that has ended.

    Args:
        function: its name.
        picture: the blob's name; empty where a queue's message called it.
        well: whether it raised no exception.
        at: when it ended, in seconds since the epoch.
        seconds: how long it took, with what the host reads for it from storage.
    """

    function: str
    picture: str
    well: bool
    at: float
    seconds: float


def calls(log: Path, position: int = 0) -> Iterator[Call]:
    """Read the calls that ended after a position in bytes."""
    pictures: dict[str, str] = {}
    with log.open("rb") as file:
        file.seek(position)
        for raw in file:
            line = raw.decode("utf-8", errors="replace")
            if begun := _BEGUN.search(line):
                reason = begun["reason"]
                pictures[begun["id"]] = reason.removeprefix(_BLOB) if reason.startswith(_BLOB) else ""
            elif ended := _ENDED.search(line):
                at = datetime.strptime(ended["at"], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp()
                picture = pictures.get(ended["id"], "")
                yield Call(ended["function"], picture, ended["how"] == "Succeeded", at, int(ended["ms"]) / 1000)


def failures(log: Path, position: int = 0) -> Counter[str]:
    """Count the failed calls of each picture."""
    return Counter(call.picture for call in calls(log, position) if call.picture and not call.well)
