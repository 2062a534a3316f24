"""Counts the pictures with a published text by language."""

from collections import Counter
from collections.abc import AsyncIterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from describer.domain import companions, metadata
from describer.domain.etag import unquoted
from describer.domain.index import IndexEntry
from describer.domain.status import SkipReason, Status
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.compare import Pair


@dataclass(slots=True)
class Coverage:
    """The counts.

    Args:
        pictures: pictures that should have a text: watched, not excluded, in a supported format.
        languages: how many of them have a published text, by language; decorative ones count as having one.
        without_record: how many have no record.
        statuses: records by status, including those of `unsupported` files.
        not_pictures: files without a record that are named like films, documents, other programs' sidecars.
        excluded: blobs that the settings or their metadata exclude.
        orphans: records whose picture is gone.
        drifted: pictures whose metadata names another record than the stored one, or one that does not exist.
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
        """Return the share of pictures covered in a language, 0 to 1; None if there are no pictures."""
        return self.languages[language] / self.pictures if self.pictures else None

    def facts(self) -> dict[str, Any]:
        """Return everything as a JSON object."""
        languages = {
            language: {"pictures": pictures, "share": self.share(language)}
            for language, pictures in self.languages.items()
        }
        return asdict(self) | {"languages": languages, "statuses": dict(self.statuses)}


async def counted(pairs: AsyncIterable[Pair], blob_filter: BlobFilter, languages: Sequence[str]) -> Coverage:
    """Count pictures and their records (see compare.py), and these languages even if no record has them."""
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
        coverage.drifted += bool(named) and named != (unquoted(pair.record.etag) if pair.record else "")
        decorative += _count(coverage, pair.record)
    for language in coverage.languages:
        coverage.languages[language] += decorative
    return coverage


def _count(coverage: Coverage, record: IndexEntry | None) -> bool:
    """Count a picture by its record and return whether it is published as decorative."""
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
