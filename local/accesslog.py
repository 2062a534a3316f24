"""Azurite's access log, parsed for changes that Azure announces as `BlobCreated` or `BlobDeleted`.

A line is `127.0.0.1 - - [time] "PUT /account/container/name?query HTTP/1.1" 201 -`, its target exactly as the client
sent it (tested by uploading such names, see tests/contracts/test_event_grid.py). Method, query and status tell the
operation: no `comp` and 201 is Put Blob, no `comp` and 202 is Copy Blob, `comp=blocklist` is Put Block
List, and DELETE with 202 is Delete Blob. All others with `comp` (block, metadata, tags, lease, tier), all with
`restype`, and operations on a snapshot or a version announce nothing.

The log lacks the parts of a batch (`delete_blobs`), the header that limits a deletion to snapshots, and renames, which
need a hierarchical namespace and so do not exist in Azurite.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote

LINE = re.compile(
    r'"(?P<method>PUT|DELETE) /(?P<account>[^/?]+)/(?P<container>[^/?]+)/(?P<name>[^?]+?)(?:\?(?P<query>.*))?'
    r' HTTP/1\.[01]" (?P<status>\d+)'
)

PAUSE = 0.05  # seconds between two reads of the log


APIS = {
    ("PUT", None, "201"): "PutBlob",
    ("PUT", None, "202"): "CopyBlob",
    ("PUT", "blocklist", "201"): "PutBlockList",
    ("DELETE", None, "202"): "DeleteBlob",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A blob that was written or deleted; `api` is the operation as Event Grid names it."""

    account: str
    container: str
    name: str
    api: str

    @property
    def deleted(self) -> bool:
        """Whether the blob was deleted."""
        return self.api == "DeleteBlob"


def parse(line: str) -> Change | None:
    """Return the change that a line records, or None if Azure does not announce it."""
    match = LINE.search(line)
    if match is None:
        return None
    query = parse_qs(match["query"] or "")
    api = APIS.get((match["method"], query.get("comp", [None])[0], match["status"]))
    if api is None or query.keys() & {"restype", "snapshot", "versionid"}:
        return None
    # Decoded once: a name may hold a literal %20. A plus is a plus. Storage itself turns a backslash into a slash.
    name = unquote(match["name"], errors="strict").replace("\\", "/")
    return Change(match["account"], match["container"], name, api)


def end_of(log: Path) -> int:
    """Return the position in bytes at which the next line will begin."""
    return log.stat().st_size


async def follow(log: Path, position: int) -> AsyncIterator[str]:
    """Yield each complete line written after this position in bytes, without end."""
    with log.open("rb") as file:
        file.seek(position)
        rest = b""
        while True:
            *lines, rest = (rest + file.read()).split(b"\n")
            for line in lines:
                yield line.decode("utf-8", errors="replace")
            await asyncio.sleep(PAUSE)
