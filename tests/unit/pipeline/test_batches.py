"""A backfill by batches: each picture ends once and right, and no answer is paid twice, whatever fails on the way."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from describer.adapters.chat.batch import ChatBatches
from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.domain.errors import InvalidRequest, OverBudget
from describer.domain.image_ref import ImageRef
from describer.entrypoints.storage_events.delivery import Delivery
from describer.pipeline.backfill.backfiller import Backfiller
from describer.pipeline.backfill.batches import Batching, PrepaidModel
from describer.pipeline.backfill.library import Library
from describer.pipeline.backfill.state import BackfillOptions, End
from describer.pipeline.backoff import Backoff
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.pipeline import Pipeline
from describer.pipeline.ports import Model as ModelPort
from describer.pipeline.single_flight import SingleFlight
from describer.vision.families import family
from describer.vision.pricing import price
from local.azure_openai import faults
from local.azure_openai.answers import Request
from local.azure_openai.script import Model, Reply, Script, describe, serve
from tests import pictures
from tests.backfills import FakeBackfills, asking, seen, selection
from tests.unit.conftest import BRIEF, Harness

PICTURES, FILE = 200, 50
OPTIONS = BackfillOptions(container="images", batch=True)
DEPLOYMENT = "gpt-5.6-luna-batch"


class Killed(BaseException):
    """The process has ended, whatever it was at."""


@dataclass
class KillableBackfills(FakeBackfills):
    """Ends the process after so many writes of anything: before the next write, or right behind this one."""

    left: int | None = None
    texts: dict[tuple[str, str], str] = field(default_factory=dict)

    def _count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                raise Killed

    async def write(self, backfill):  # type: ignore[no-untyped-def]
        self._count()
        return await super().write(backfill)

    async def put(self, chunk: str, kind: str, text: str) -> None:
        self.texts[chunk, kind] = text
        self._count()

    async def get(self, chunk: str, kind: str) -> str | None:
        return self.texts.get((chunk, kind))


@dataclass
class Museum:
    """Pictures in memory, the stand-in's Batch interface over HTTP, and the app between them."""

    served: Model
    harness: Harness = field(default_factory=lambda: Harness(max_bytes=10**6, memory=MemoryBudget(2**26)))
    backfills: KillableBackfills = field(default_factory=KillableBackfills)

    def __post_init__(self) -> None:
        self.client = connect(self.served.url + "/v1/", key="none", credential=None, scope="")
        luna = family("gpt-5.6-luna")
        assert luna
        self.batches = ChatBatches(self.client, lambda _: luna, DEPLOYMENT)
        chat = ChatModel(self.client, lambda _: luna, 30, Limiter(16), backoff=0.01)
        self.model = PrepaidModel(chat, self.batches, self.backfills)

    def hang(self, count: int) -> None:
        for number in range(count):
            self.harness.images.put(ImageRef("images", f"{number:04}.jpg"), pictures.jpeg(100 + number, 80))

    def pipeline(self, model: ModelPort) -> Pipeline:
        describer = replace(self.harness.pipeline.image_describer, model=model, single_flight=SingleFlight())
        return replace(self.harness.pipeline, image_describer=describer)

    def backfiller(self) -> Backfiller:
        """A process that drives; another one after a kill."""
        library, batching = Library(self.harness.images), Batching(self.batches, self.backfills, self.pipeline, BRIEF)
        chosen = lambda options: replace(selection(options), max_bytes=10**6, brief=BRIEF)  # noqa: E731
        return Backfiller(library, self.backfills, self.harness.queue, chosen, asking(), batching, FILE)

    async def deliver(self) -> None:
        """Process the queue's messages, each once more than it was deferred."""
        luna = family("gpt-5.6-luna")
        assert luna
        delivery = Delivery(
            self.pipeline(self.model), self.harness.queue, BRIEF, 3, Backoff(0.01), progress=self.backfills,
            price=lambda spent: float(price(luna, spent) or 0),
        )  # fmt: skip
        messages, self.harness.queue.sent = self.harness.queue.sent, []
        at_once = asyncio.Semaphore(16)

        async def one(message: str) -> None:
            async with at_once:
                await delivery.handle_message(message.encode())

        await asyncio.gather(*(one(message) for message, _ in messages))

    def paid(self) -> Counter[int]:
        """How many answers each picture got, by its width."""
        return Counter(request.images[0].width for request in self.served.requests)


@pytest.fixture
async def museum() -> AsyncIterator[Museum]:
    with serve(Script()) as served:
        made = Museum(served)
        yield made
        await made.client.close()


async def whole(museum: Museum, *, kills: int = 0) -> int:
    """Drives until the end, with so many kills at random moments; gives how many there were."""
    chance, killed = random.Random(7), 0  # noqa: S311 - no secret
    backfill = await museum.backfiller().begin(OPTIONS)
    for _ in range(500):
        museum.backfills.left = chance.randrange(1, 6) if killed < kills else None
        with suppress(Killed):
            backfiller = museum.backfiller()
            backfill = await backfiller.step(await backfiller.find(backfill.id))
            await museum.deliver()
            if backfill.state.is_over:
                return killed
            await asyncio.sleep(0.02)
            continue
        killed += 1
    raise AssertionError(f"it does not end: {backfill}")


async def test_each_picture_ends_once_and_nothing_is_paid_twice(museum: Museum) -> None:
    """Five lines in a hundred fail, one file expires half answered, and the app is killed between any two steps."""
    museum.hang(PICTURES)
    failing = {100 + number for number in range(0, PICTURES, 20)}

    def rule(request: Request) -> Reply:
        in_a_batch = request.deployment == DEPLOYMENT
        return faults.server_error() if in_a_batch and request.images[0].width in failing else describe(request)

    museum.served.script.always(rule)
    museum.served.batch_store.expire = FILE // 2
    assert await whole(museum, kills=12) == 12
    records = {ref.name: stored.record for ref, stored in museum.harness.records.stored.items()}
    assert {record.status for record in records.values()} == {"described"}
    for name, record in records.items():
        assert f"of {100 + int(name[:4])} by 80 pixels" in record.alt_text
    answered = Counter(r.images[0].width for r in museum.served.requests if r.images[0].width not in failing)
    assert set(answered.values()) == {1}, "each was answered once, in a batch or by itself"
    half = {name for name, record in records.items() if record.usage.batch_prompt_tokens}
    late = set(range(100 + FILE // 2, 100 + FILE))
    assert len(half) == PICTURES - len(late | failing)
    assert len(museum.served.batch_store.batches) == PICTURES // FILE, "none was begun twice"
    done = await museum.backfiller().find("")
    assert (done.state, done.tally.outcomes) == (End.FINISHED, {"described": PICTURES})
    assert len(museum.harness.topic.published) == PICTURES


async def test_a_batch_costs_half(museum: Museum) -> None:
    museum.hang(3)
    await whole(museum)
    luna = family("gpt-5.6-luna")
    assert luna
    for stored in museum.harness.records.stored.values():
        usage = stored.record.usage
        direct = usage.model_copy(update={"batch_prompt_tokens": 0, "batch_completion_tokens": 0})
        assert stored.record.cost
        assert stored.record.cost.usd == pytest.approx(float(price(luna, direct) or 0) / 2)
    assert (await museum.backfiller().find("")).tally.usd == pytest.approx(
        sum(stored.record.cost.usd for stored in museum.harness.records.stored.values() if stored.record.cost)
    )
    assert museum.served.batch_store.files == {}, "nothing stays at the service"


async def test_a_quota_that_is_used_up_is_waited_for(museum: Museum) -> None:
    museum.hang(3)
    museum.served.batch_store.over_quota = True
    await whole(museum)
    assert len(museum.served.batch_store.batches) == 2
    assert set(museum.paid().values()) == {1}


async def test_a_picture_that_changed_meanwhile_gets_its_own_question(museum: Museum) -> None:
    museum.hang(2)
    backfill = await museum.backfiller().begin(OPTIONS)
    while not (backfill.held and backfill.held[0].batch):
        backfill = await museum.backfiller().step(backfill)
    museum.harness.images.put(ImageRef("images", "0000.jpg"), pictures.jpeg(900, 80))
    while not backfill.state.is_over:
        backfill = await museum.backfiller().step(backfill)
        await museum.deliver()
        await asyncio.sleep(0.02)
    record = museum.harness.records.stored[ImageRef("images", "0000.jpg")].record
    assert "of 900 by 80 pixels" in record.alt_text
    assert record.usage.batch_prompt_tokens == 0


async def test_pictures_without_a_question_make_no_file(museum: Museum) -> None:
    museum.harness.images.put(ImageRef("images", "a.jpg"), b"")
    museum.hang(1)
    await museum.harness.described(ImageRef("images", "0000.jpg"))
    await whole(museum)
    assert museum.served.batch_store.batches == {}


async def test_no_batch_begins_while_the_daily_budget_is_used_up(museum: Museum) -> None:
    museum.hang(3)
    spent = museum.pipeline

    def over(model: ModelPort) -> Pipeline:
        made = spent(model)
        later = OverBudget("The daily budget is used up")
        return replace(made, image_describer=replace(made.image_describer, deferral=lambda: later))

    backfill = await museum.backfiller().begin(OPTIONS, seen())
    backfill = await museum.backfiller().step(backfill)
    batching = Batching(museum.batches, museum.backfills, over, BRIEF)
    with pytest.raises(OverBudget):
        await replace(museum.backfiller(), batching=batching).step(backfill)
    assert museum.served.batch_store.files == {}
    assert museum.harness.queue.sent == []


async def test_without_a_deployment_there_are_no_batches(museum: Museum) -> None:
    backfiller = replace(museum.backfiller(), batching=None)
    with pytest.raises(InvalidRequest, match="BATCH_DEPLOYMENT"):
        await backfiller.begin(OPTIONS)
