"""How many pictures look like sizes that a content system derived of others, and what it costs to describe each."""

from collections import Counter
from dataclasses import dataclass

from describer.domain.errors import Misconfigured, Transient
from describer.domain.renditions import SYSTEMS, Renditions
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import MOST_LISTED, Images, ProbeResult, Verdict
from describer.pipeline.sweep.derived import DerivedSizes
from describer.vision.brief import Brief
from describer.vision.estimate import of_picture
from describer.vision.sizing import Sizes


@dataclass(frozen=True, slots=True)
class DerivedSizesProbe:
    """Looks at the first 5,000 names of a container; what it finds is no fault of the installation.

    Args:
        images: the port.
        container: of them.
        blob_filter: which blobs are described; its rules tell which sizes cost nothing.
        brief, sizes: what the model would be asked and shown.
    """

    images: Images
    container: str
    blob_filter: BlobFilter
    brief: Brief
    sizes: Sizes

    @property
    def name(self) -> str:
        """`derived sizes: container images`."""
        return f"derived sizes: container {self.container}"

    async def check(self) -> ProbeResult:
        """Count them, by one request."""
        try:
            found = await self._counted()
        except (Transient, Misconfigured):  # which the container's own check tells of
            return ProbeResult(Verdict.UNKNOWN, "It cannot be told: the container cannot be listed.")
        count, systems = found.total(), ",".join(found)
        if not count:
            return ProbeResult(Verdict.OK, "No picture looks like a size of another one.")
        if self.blob_filter.renditions.systems:
            return ProbeResult(Verdict.OK, f"{count:,} get the texts of their originals, without a call.")
        usd = of_picture(self.brief, self.sizes, None).times(count).usd(self.sizes.family)
        cost = f"would cost up to {usd[1]:,.2f} USD" if usd else "would be asked about each"
        advice = f"Set RENDITIONS={systems}: docs/cms.md."
        return ProbeResult(Verdict.OK, f"Looks like derived sizes: {count:,}, {cost}.", advice)

    async def _counted(self) -> Counter[str]:
        rules = self.blob_filter.renditions
        kinds, found = DerivedSizes(rules if rules.systems else Renditions(SYSTEMS)), Counter[str]()
        for blob in (await self.images.page(self.container, "", "", MOST_LISTED)).items:
            if not self.blob_filter.skips_name(blob.ref):
                found.update(system for _, system in kinds.feed(blob) if system)
        found.update(system for _, system in kinds.end() if system)
        return found
