"""The pipeline on fakes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Skip
from describer.entrypoints.storage_events.delivery import Delivery
from describer.pipeline.answer_cache import AnswerCache
from describer.pipeline.backoff import Backoff
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.correct import Corrector
from describer.pipeline.deleted_pictures import RETENTION, DeletedPictures
from describer.pipeline.describe import ImageDescriber
from describer.pipeline.memory_budget import MIN_RESERVATION, MemoryBudget
from describer.pipeline.pipeline import Pipeline
from describer.pipeline.purge import Purger
from describer.pipeline.single_flight import SingleFlight
from describer.vision.brief import Brief
from describer.vision.families import family
from tests.fakes import FakeImages, FakeModel, FakePreparer, FakeQueue, FakeRecords, FakeTopic

CAT = ImageRef("images", "pets/cat.jpg")
BRIEF = Brief(("en",), "gpt-5.6-luna", "high", 1500)


@dataclass
class Harness:
    """All the fakes, and the pipeline that runs on them."""

    images: FakeImages = field(default_factory=FakeImages)
    records: FakeRecords = field(default_factory=FakeRecords)
    preparer: FakePreparer = field(default_factory=FakePreparer)
    model: FakeModel = field(default_factory=FakeModel)
    queue: FakeQueue = field(default_factory=FakeQueue)
    topic: FakeTopic = field(default_factory=FakeTopic)
    blob_filter: BlobFilter = field(default_factory=lambda: BlobFilter(("images",), exclude=("private/",)))
    max_bytes: int = 1000
    write_metadata: bool = True
    keeps_reviewers: bool = False
    single_flight: SingleFlight[Record] = field(default_factory=SingleFlight)
    answers: AnswerCache = field(default_factory=AnswerCache)
    now: datetime = datetime(2026, 11, 28, tzinfo=UTC)
    memory: MemoryBudget = field(default_factory=lambda: MemoryBudget(4 * MIN_RESERVATION))

    @property
    def pipeline(self) -> Pipeline:
        luna = family("gpt-5.6-luna")
        assert luna
        image_describer = ImageDescriber(
            self.preparer, self.model, self.records, lambda _: luna, self.single_flight, self.answers
        )
        ports = self.images, self.records, image_describer, self.topic
        return Pipeline(self.blob_filter, *ports, self.max_bytes, self.memory, self.queue, self.write_metadata)

    @property
    def corrector(self) -> Corrector:
        ports = self.images, self.records, self.topic, self.queue
        return Corrector(self.blob_filter, *ports, self.write_metadata, self.keeps_reviewers)

    @property
    def deleted_pictures(self) -> DeletedPictures:
        return DeletedPictures(self.images, self.records, RETENTION, lambda: self.now)

    @property
    def purger(self) -> Purger:
        return Purger(self.blob_filter, self.images, self.records)

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.blob_filter, self.images, self.records, ("en",))

    @property
    def delivery(self) -> Delivery:
        return Delivery(self.pipeline, self.queue, BRIEF, max_attempts=3, backoff=Backoff(10, chance=lambda: 0.0))

    async def describe(self, ref: ImageRef = CAT, brief: Brief = BRIEF) -> Record | Skip:
        return await self.pipeline.describe(ref, brief)

    async def described(self, ref: ImageRef = CAT, brief: Brief = BRIEF) -> Record:
        end = await self.describe(ref, brief)
        assert isinstance(end, Record), end
        return end

    def metadata(self, ref: ImageRef = CAT) -> dict[str, str]:
        return self.images.blobs[ref].metadata


@pytest.fixture
def harness() -> Harness:
    """A harness with one picture in storage."""
    made = Harness()
    made.images.put(CAT, b"cat")
    return made
