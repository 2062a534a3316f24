"""What a history entry adds to a newer one."""

from datetime import UTC, datetime

import pytest

from describer.domain.history import HistoryEntry, Source, adds_to
from describer.domain.status import Status
from describer.domain.texts import Origin, Provenance


def entry(alt_text: str, *, sha256: str = "a" * 64, origin: Origin = Origin.MODEL) -> HistoryEntry:
    return HistoryEntry(
        language="en",
        alt_text=alt_text,
        status=Status.DESCRIBED,
        fingerprint="f" * 16,
        at=datetime(2026, 11, 29, tzinfo=UTC),
        source=Source(container="images", name="cat.jpg", etag='"1"', size=3, sha256=sha256),
        provenance={"alt_text": Provenance(origin=origin)},
    )


@pytest.mark.parametrize(
    ("line", "adds"),
    [
        (entry("A cat."), False),
        (entry("A dog."), True),
        (entry("A cat.", sha256="b" * 64), True),
        (entry("A cat.", origin=Origin.HUMAN), True),
        (entry(""), False),
    ],
    ids=["the same", "another text", "of other bytes", "by another author", "without a text"],
)
def test_an_entry_adds_what_a_newer_one_lacks(line: HistoryEntry, *, adds: bool) -> None:
    assert adds_to(line, entry("A cat.")) is adds
