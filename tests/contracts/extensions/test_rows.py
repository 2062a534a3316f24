"""Each row holds on the stand-in. On Microsoft's own packages: `make extensions`, and what CI runs."""

from pathlib import Path

import pytest

from tests.contracts.extensions import programs, rows
from tests.contracts.extensions.playing import play
from tests.contracts.extensions.seen import REQUEST

JOBS = 12  # they wait, most of the time


@pytest.mark.long
async def test_rows_hold_on_the_stand_in(tmp_path: Path) -> None:
    """All in one test: they share what takes long to start, and wait beside each other."""
    results = await play(rows.everything(), programs.STAND_IN, tmp_path, jobs=JOBS)
    assert {row: found for row, found in results.items() if found} == {}


def test_no_row_is_held_by_accident_for_another() -> None:
    everything = rows.everything()
    assert len({row.id for row in everything}) == len(everything) >= 120


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ('"GET /host1/work?comp=metadata HTTP/1.1" 404', ("GET", "host1", "work?comp=metadata")),
        ('"HEAD /images1/images/a%20b.jpg HTTP/1.1" 200', ("HEAD", "images1", "images/a%20b.jpg")),
    ],
)
def test_azurites_log_is_read(line: str, request_: tuple[str, str, str]) -> None:
    match = REQUEST.search(line)
    assert match is not None
    assert match.group("method", "account", "rest") == request_
