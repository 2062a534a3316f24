"""Checks by two listings whether pictures' metadata and their sidecars agree."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import NotNow
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.compare import Pair, compared
from describer.pipeline.coverage import counted
from describer.pipeline.ports import MAX_LISTED, Images, ProbeResult, Records, Verdict

_ADVICE: Final = (
    "`describer status` counts all pictures. `describer backfill` repairs metadata when it processes a picture; "
    "`describer orphans` lists records without a picture."
)


@dataclass(frozen=True, slots=True)
class DriftProbe:
    """Compares a container's first pictures with their records; it never fails, since a difference is not a fault."""

    images: Images
    records: Records
    container: str
    most: int = MAX_LISTED

    @property
    def name(self) -> str:
        return f"records: container {self.container}"

    async def check(self) -> ProbeResult:
        """Compare them, by a few requests for listings."""
        try:
            coverage = await counted(self._first(), BlobFilter((self.container,)), ())
        except NotNow:  # the containers' own checks report it
            return ProbeResult(Verdict.UNKNOWN, "Unknown: a container cannot be listed.")
        where = f"among the first {self.most:,}" if coverage.pictures + coverage.orphans >= self.most else "in all"
        if not (coverage.drifted or coverage.orphans):
            return ProbeResult(Verdict.OK, f"Metadata and sidecars agree, {where}.")
        found = (
            f"{coverage.drifted:,} pictures have another record's metadata; {coverage.orphans:,} records lack a picture"
        )
        return ProbeResult(Verdict.OK, f"{found}, {where}.", _ADVICE)

    async def _first(self) -> AsyncGenerator[Pair]:
        number = 0
        async with aclosing(compared(self.images, self.records, self.container)) as pairs:
            async for pair in pairs:
                yield pair
                number += 1
                if number == self.most:
                    return
