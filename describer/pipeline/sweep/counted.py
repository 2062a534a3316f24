"""What was counted of a container's pictures, and what they would take: kept with a sweep while it is priced."""

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.vision.estimate import Estimate

SAMPLE: Final = 200
"""Pictures whose first bytes are read, chosen by chance; of the others the listing shows enough."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sweep would do.

    Args:
        judged: how many blobs, by why they would be queued or not.
        pictures: how many would be queued.
        size: of these, in bytes.
        tiers: bytes of these in tiers whose reading is charged, by tier, and of archived ones that would be left out.
        sampled: pictures whose first bytes were read.
        with_sides: of these, how many told their sides.
        asked: tokens; None if it is not known how the model counts pictures.
        usd: least, usual and most by list price; None if there is none.
        seconds: at the deployment's quota; None if that is not known.
    """

    judged: dict[str, int]
    pictures: int
    size: int
    tiers: dict[str, int]
    sampled: int
    with_sides: int
    asked: Estimate | None
    usd: tuple[float, float, float] | None
    seconds: float | None

    @property
    def usd_each(self) -> float | None:
        """What a picture is expected to cost."""
        return self.usd[1] / self.pictures if self.usd and self.pictures else None


class Sampled(BaseModel):
    """A picture of the sample: what a listing tells of it that decides what is asked."""

    model_config = ConfigDict(frozen=True)

    name: str
    size: int
    metadata: dict[str, str] = Field(default_factory=dict)

    def picture(self, container: str) -> ImageBlob:
        """The picture; without its ETag, by which nobody reads it."""
        return ImageBlob(ImageRef(container, self.name), "", self.size, self.metadata)


class Counted(BaseModel):
    """How far a count is.

    Args:
        cursor: of the listing's next page.
        ended: whether all pages were counted.
        judged, size, tiers: as in `Preview`.
        pictures: that would be queued.
        sample: some of these by chance.
    """

    model_config = ConfigDict(frozen=True)

    cursor: str = ""
    ended: bool = False
    judged: dict[str, int] = Field(default_factory=dict)
    pictures: int = 0
    size: int = 0
    tiers: dict[str, int] = Field(default_factory=dict)
    sample: tuple[Sampled, ...] = ()

    @property
    def looked_at(self) -> int:
        """Blobs that were counted."""
        return sum(self.judged.values())


class Counting:
    """Adds one page to a count; each picture is in the sample as likely as another (Vitter's algorithm R)."""

    def __init__(self, before: Counted) -> None:
        self._before = before
        self.judged, self.tiers = Counter(before.judged), Counter(before.tiers)
        self._pictures, self._size = before.pictures, before.size
        self._sample = list(before.sample)
        self._chance = Random(before.pictures)  # noqa: S311 - no secret; whoever counts a page again gets the same

    def add(self, picture: ImageBlob) -> None:
        """Count a picture that would be queued."""
        self._pictures += 1
        self._size += picture.size
        place = len(self._sample) if len(self._sample) < SAMPLE else self._chance.randrange(self._pictures)
        if place < SAMPLE:
            sampled = Sampled(name=picture.ref.name, size=picture.size, metadata=dict(picture.metadata))
            self._sample[place : place + 1] = [sampled]

    def counted(self, cursor: str) -> Counted:
        """The count with the page; `cursor` leads to the next one."""
        return Counted(
            cursor=cursor,
            ended=not cursor,
            judged={name: count for name, count in self.judged.items() if count},
            pictures=self._pictures,
            size=self._size,
            tiers=dict(self.tiers),
            sample=tuple(self._sample),
        )
