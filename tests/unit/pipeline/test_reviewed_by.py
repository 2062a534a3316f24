"""Who corrected a text is kept as the caller says it, beside the text, and only where the settings want that."""

from pathlib import Path

import pytest

from describer.domain.errors import InvalidRequest
from describer.domain.record import Record
from describer.domain.texts import Review
from describer.entrypoints.on_demand.corrections import corrected
from describer.entrypoints.transfer.import_rows import Importer, Kind
from describer.entrypoints.transfer.rows import read
from tests.unit.conftest import CAT, Harness

TOM = {"en": {"alt_text": "Tom, asleep."}}
REFUSED = "It is not kept who corrects"


@pytest.fixture
async def kept(harness: Harness) -> Harness:
    """A harness with a described picture, which keeps who corrects."""
    harness.keeps_reviewers = True
    await harness.describe()
    return harness


async def said(
    harness: Harness, reviewed_by: str, *, texts: dict[str, dict[str, str]] | None = None, review: str = ""
) -> Record:
    correction = corrected(texts or {}, review=review, reviewed_by=reviewed_by)
    return (await harness.corrector.correct(CAT, correction)).record


def reviewers(record: Record) -> dict[str, str]:
    return {key: by.reviewed_by for key, by in record.provenance.items() if by.reviewed_by}


async def test_it_stands_beside_the_text_that_was_written(kept: Harness) -> None:
    record = await said(kept, "staff-7", texts=TOM)
    assert reviewers(record) == {"alt_text": "staff-7"}
    assert "staff-7" not in str(kept.metadata())


async def test_reviewed_by_is_kept_for_each_approved_text(kept: Harness) -> None:
    record = await said(kept, "staff-7", review="approved")
    assert reviewers(record) == {"alt_text": "staff-7", "description": "staff-7"}
    assert record.review == Review.APPROVED


async def test_it_lasts_through_events_and_goes_into_the_history_with_its_text(kept: Harness) -> None:
    await said(kept, "staff-7", texts=TOM)
    await kept.describe()
    record = await said(kept, "", texts={"en": {"alt_text": "Tom."}})
    assert reviewers(record) == {}
    kept.images.put(CAT, b"other")
    record = await kept.described()
    assert reviewers(record) == {}
    assert [line.provenance["alt_text"].reviewed_by for line in record.history[:2]] == [None, "staff-7"]


async def test_it_is_refused_unless_the_settings_want_it(kept: Harness) -> None:
    kept.keeps_reviewers = False
    with pytest.raises(InvalidRequest, match=REFUSED):
        await said(kept, "staff-7", texts=TOM)
    assert kept.records.stored[CAT].record.alt_text == "A cat on a sofa."


@pytest.mark.parametrize("name", ["x" * 101, "two\nlines", "\u202ereversed"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="at most 100 characters"):
        corrected(TOM, reviewed_by=name)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.csv", "name,alt_text:en,reviewed_by\npets/cat.jpg,Tom.,staff-8\n"),
        ("a.csv", "name,alt_text:en\npets/cat.jpg,Tom.\n"),
        ("a.jsonl", '{"name": "pets/cat.jpg", "language": "en", "alt_text": "Tom.", "reviewed_by": "staff-8"}\n'),
    ],
)
@pytest.mark.parametrize("is_kept", [True, False])
async def test_an_import_says_it_by_row_or_for_the_whole_file(
    kept: Harness, tmp_path: Path, file: str, text: str, is_kept: bool
) -> None:
    kept.keeps_reviewers = is_kept
    path = tmp_path / file
    path.write_text(text, encoding="utf-8")
    by = "staff-7"
    [outcome] = [
        await Importer(kept.catalogue, kept.corrector, write=True, reviewed_by=by).take(row)
        for row in read(path, "images")
    ]
    if is_kept:
        named = "staff-8" if "staff-8" in text else by
        assert reviewers(kept.records.stored[CAT].record) == {"alt_text": named}
    else:
        assert outcome.kind is Kind.REFUSED
        assert outcome.reason.startswith(REFUSED)
