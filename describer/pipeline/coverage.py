"""How many pictures have a text that is published, by language: one figure for each."""

from collections import Counter
from collections.abc import AsyncIterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from describer.domain import companions, metadata
from describer.domain.index import IndexEntry
from describer.domain.status import SkipReason, Status
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.compare import Pair


@dataclass(slots=True)
class Coverage:
    """What was counted.

    Args:
        pictures: that are to have a text: watched, not excluded, and of a format that is read.
        languages: how many of them have a published text in each language; one that is decorative needs none.
        without_record: how many have no record.
        statuses: how many records have each status, those of `unsupported` files too.
        not_pictures: files without a record that are named like films, documents, other programs' sidecars.
        excluded: blobs that the settings or their metadata keep from the model.
        orphans: records whose picture is gone.
        drifted: pictures whose metadata names another record than the one that is stored, or one where none is.
    """

    pictures: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    without_record: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    not_pictures: int = 0
    excluded: int = 0
    orphans: int = 0
    drifted: int = 0

    def share(self, language: str) -> float | None:
        """How much of the pictures is covered in a language, 0 to 1; None where there are no pictures."""
        return self.languages[language] / self.pictures if self.pictures else None

    def facts(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        languages = {
            language: {"pictures": pictures, "share": self.share(language)}
            for language, pictures in self.languages.items()
        }
        return asdict(self) | {"languages": languages, "statuses": dict(self.statuses)}


async def counted(pairs: AsyncIterable[Pair], blob_filter: BlobFilter, languages: Sequence[str]) -> Coverage:
    """Counts pictures and their records.

    Args:
        pairs: see compare.py.
        blob_filter: which blobs are ours.
        languages: that are counted in any case; others, if a record has them.
    """
    coverage, decorative = Coverage(languages=Counter(dict.fromkeys(languages, 0))), 0
    async for pair in pairs:
        if pair.picture is None:
            coverage.orphans += 1
            continue
        skip = blob_filter.skips_name(pair.picture.ref) or blob_filter.skips_picture(pair.picture)
        if skip:
            coverage.excluded += skip.reason is SkipReason.EXCLUDED
            continue
        if pair.record is None and companions.by_name(pair.picture.ref.name):
            coverage.not_pictures += 1
            continue
        named = metadata.value(pair.picture.metadata, metadata.RECORD)
        coverage.drifted += bool(named) and named != (pair.record.etag.strip('"') if pair.record else "")
        decorative += _count(coverage, pair.record)
    for language in coverage.languages:
        coverage.languages[language] += decorative
    return coverage


def _count(coverage: Coverage, record: IndexEntry | None) -> bool:
    """Count a picture by its record; True if it is published as decorative."""
    coverage.pictures += record is None or record.status is not Status.UNSUPPORTED
    if record is None:
        coverage.without_record += 1
        return False
    coverage.statuses[record.status] += 1
    if not record.status.is_published:
        return False
    if record.is_decorative and not record.languages:
        return True
    coverage.languages.update(record.languages)
    return False
