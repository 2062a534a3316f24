"""Reports how many pictures look like derived sizes of others, and the cost of describing each."""

from collections import Counter
from dataclasses import dataclass

from describer.domain.errors import NotNow
from describer.domain.renditions import SYSTEMS, Renditions
from describer.pipeline.backfill.derived import DerivedSizes
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import MAX_LISTED, Images, ProbeResult, Verdict
from describer.vision.brief import Brief
from describer.vision.estimate import of_picture
from describer.vision.sizing import Sizes


@dataclass(frozen=True, slots=True)
class DerivedSizesProbe:
    """Examines the first 5,000 names of a container; it never fails, since derived sizes are not a fault.

    Args:
        blob_filter: decides which blobs are described; its rules tell which sizes cost nothing.
    """

    images: Images
    container: str
    blob_filter: BlobFilter
    brief: Brief
    sizes: Sizes

    @property
    def name(self) -> str:
        return f"derived sizes: container {self.container}"

    async def check(self) -> ProbeResult:
        """Count them, by one request."""
        try:
            found = await self._counted()
        except NotNow:  # the container's own check reports it
            return ProbeResult(Verdict.UNKNOWN, "Unknown: the container cannot be listed.")
        count, systems = found.total(), ",".join(found)
        if not count:
            return ProbeResult(Verdict.OK, "No picture looks like a size of another.")
        if self.blob_filter.renditions.systems:
            return ProbeResult(Verdict.OK, f"{count:,} get the texts of their originals, without a model call.")
        usd = of_picture(self.brief, self.sizes, None).times(count).usd(self.sizes.family)
        cost = f"would cost up to {usd[1]:,.2f} USD" if usd else "would each need a model call"
        advice = f"Set RENDITIONS={systems}: docs/cms.md."
        return ProbeResult(Verdict.OK, f"Looks like derived sizes: {count:,}, {cost}.", advice)

    async def _counted(self) -> Counter[str]:
        rules = self.blob_filter.renditions
        kinds, found = DerivedSizes(rules if rules.systems else Renditions(SYSTEMS)), Counter[str]()
        for blob in (await self.images.page(self.container, "", "", MAX_LISTED)).items:
            if not self.blob_filter.skips_name(blob.ref):
                found.update(system for _, system in kinds.feed(blob) if system)
        found.update(system for _, system in kinds.end() if system)
        return found
