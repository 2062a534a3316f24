"""The line on fakes."""

from dataclasses import dataclass, field

import pytest

from describer.answer_cache import AnswerCache
from describer.backoff import Backoff
from describer.brief import Brief
from describer.delivery import Delivery
from describer.events import ImageRef
from describer.memory_budget import MIN_RESERVATION, MemoryBudget
from describer.models import family
from describer.outcome import Skip
from describer.pipeline import Pipeline
from describer.record import Record
from describer.scribe import Scribe
from describer.single_flight import SingleFlight
from describer.watch import Watch
from tests.fakes import FakeImages, FakeModel, FakeQueue, FakeRecords, FakeStudio, FakeTopic

CAT = ImageRef("images", "pets/cat.jpg")
BRIEF = Brief(("en",), "gpt-5.6-luna", "high", 1500)


@dataclass
class House:
    """All the fakes, and the line that runs through them."""

    images: FakeImages = field(default_factory=FakeImages)
    records: FakeRecords = field(default_factory=FakeRecords)
    studio: FakeStudio = field(default_factory=FakeStudio)
    model: FakeModel = field(default_factory=FakeModel)
    queue: FakeQueue = field(default_factory=FakeQueue)
    topic: FakeTopic = field(default_factory=FakeTopic)
    watch: Watch = field(default_factory=lambda: Watch(("images",), exclude=("private/",)))
    max_bytes: int = 1000
    write_metadata: bool = True
    in_flight: SingleFlight[Record] = field(default_factory=SingleFlight)
    answers: AnswerCache = field(default_factory=AnswerCache)
    memory: MemoryBudget = field(default_factory=lambda: MemoryBudget(4 * MIN_RESERVATION))

    @property
    def pipeline(self) -> Pipeline:
        luna = family("gpt-5.6-luna")
        assert luna
        scribe = Scribe(self.studio, self.model, self.records, lambda _: luna, self.in_flight, self.answers)
        limit, memory = self.max_bytes, self.memory
        return Pipeline(self.watch, self.images, self.records, scribe, self.topic, limit, memory, self.write_metadata)

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
def house() -> House:
    """A house with one picture in it."""
    made = House()
    made.images.put(CAT, b"cat")
    return made
