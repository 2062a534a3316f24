"""Whether pictures' metadata and their sidecars say the same, as far as two listings tell."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import Misconfigured, Transient
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.compare import Pair, compared
from describer.pipeline.coverage import counted
from describer.pipeline.ports import MAX_LISTED, Images, ProbeResult, Records, Verdict

_ADVICE: Final = (
    "`describer status` counts them all. The next look at a picture mends its metadata (`describer backfill`), "
    "`describer orphans` tells what becomes of records without a picture."
)


@dataclass(frozen=True, slots=True)
class DriftProbe:
    """Compares the first pictures of a container with their records; a difference is no fault of the installation.

    Args:
        images: the port.
        records: the port.
        container: the pictures'.
        most: how many pictures and records are looked at.
    """

    images: Images
    records: Records
    container: str
    most: int = MAX_LISTED

    @property
    def name(self) -> str:
        """`records: container images`."""
        return f"records: container {self.container}"

    async def check(self) -> ProbeResult:
        """Compare them, by some requests for listings."""
        try:
            coverage = await counted(self._first(), BlobFilter((self.container,)), ())
        except (Transient, Misconfigured):  # which the containers' own checks tell of
            return ProbeResult(Verdict.UNKNOWN, "It cannot be told: a container cannot be listed.")
        where = f"among the first {self.most:,}" if coverage.pictures + coverage.orphans >= self.most else "in all"
        if not (coverage.drifted or coverage.orphans):
            return ProbeResult(Verdict.OK, f"Metadata and sidecars agree, {where}.")
        found = (
            f"{coverage.drifted:,} pictures have metadata of another record, {coverage.orphans:,} records no picture"
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
