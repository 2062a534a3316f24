"""Azurite's access log, read for the writes that Azure would announce as `BlobCreated`.

A line is `127.0.0.1 - - [time] "PUT /account/container/name?query HTTP/1.1" 201 -`, its target exactly as the client
sent it (found by uploading such names, see tests/contracts/test_event_grid.py). Which operation it was shows in its
query and status: no `comp` and 201 is Put Blob, no `comp` and 202 is Copy Blob, `comp=blocklist` is Put Block List. All
others with `comp` (block, metadata, tags, lease, tier, snapshot) and all with `restype` announce nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote

LINE = re.compile(
    r'"PUT /(?P<account>[^/?]+)/(?P<container>[^/?]+)/(?P<name>[^?]+?)(?:\?(?P<query>.*))?'
    r' HTTP/1\.[01]" (?P<status>\d+)'
)

PAUSE = 0.05  # seconds between two looks at the log


@dataclass(frozen=True, slots=True)
class Write:
    """A blob that was written; `api` is the operation as Event Grid names it."""

    account: str
    container: str
    name: str
    api: str


def parse(line: str) -> Write | None:
    """Give the write that a line tells of, if it is one that is announced."""
    match = LINE.search(line)
    if match is None:
        return None
    query = parse_qs(match["query"] or "")
    api = {
        (None, "201"): "PutBlob",
        (None, "202"): "CopyBlob",
        ("blocklist", "201"): "PutBlockList",
    }.get((query.get("comp", [None])[0], match["status"]))
    if api is None or "restype" in query:
        return None
    # Decoded once: a name may hold a literal %20. A plus is a plus. Storage itself turns a backslash into a slash.
    name = unquote(match["name"], errors="strict").replace("\\", "/")
    return Write(match["account"], match["container"], name, api)


def end_of(log: Path) -> int:
    """Give the position in bytes at which the next line will begin."""
    return log.stat().st_size


async def follow(log: Path, position: int) -> AsyncIterator[str]:
    """Give each whole line that is written after this position in bytes, for ever."""
    with log.open("rb") as file:
        file.seek(position)
        rest = b""
        while True:
            *lines, rest = (rest + file.read()).split(b"\n")
            for line in lines:
                yield line.decode("utf-8", errors="replace")
            await asyncio.sleep(PAUSE)
