"""A backfill queues what the listing says is to be described, once, within its cap, and goes on where it was."""

import random
from dataclasses import dataclass, field

import pytest

from describer.domain.errors import AlreadyRunning, InvalidRequest, NotFound
from describer.domain.image_blob import ImageBlob
from describer.pipeline.backfill.backfiller import MAX_CHUNKS, Backfiller, report
from describer.pipeline.backfill.preview import preview
from describer.pipeline.backfill.selection import Judgement
from describer.pipeline.backfill.state import CHUNK, Backfill, BackfillOptions, End, Only
from describer.pipeline.events import Work
from tests.backfills import NOW, SHOP, FakeBackfills, FakeListing, asking, blob, recorded, seen, selection
from tests.fakes import FakeQueue


class Killed(BaseException):
    """The process has ended, whatever it was at."""


class KillableQueue(FakeQueue):
    """Ends the process when so many messages were sent."""

    left: int | None = None

    async def send(self, message: str, *, delay: float) -> None:
        await super().send(message, delay=delay)
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                raise Killed

    def take(self) -> list[Work]:
        messages, self.sent = self.sent, []
        return [work for message, _ in messages for work in Work.from_message(message.encode())]


@dataclass
class Setup:
    """A library of so many pictures and what describes them: `describe` ends what is queued, at a price each."""

    listing: FakeListing
    backfills: FakeBackfills = field(default_factory=FakeBackfills)
    queue: KillableQueue = field(default_factory=KillableQueue)
    described: list[str] = field(default_factory=list)
    model: str = "gpt-5.6-luna"

    def backfiller(self) -> Backfiller:
        """A process that drives; another one after a kill."""
        return Backfiller(self.listing.library, self.backfills, self.queue, selection, asking(self.model))

    async def describe(self, outcome: str = "described", usd: float = 0.01) -> None:
        for work in self.queue.take():
            self.described.append(work.ref.name)
            await self.backfills.report(work.chunk, report(work.ref, outcome, usd, 100))

    async def whole(self, backfill: Backfill) -> Backfill:
        backfiller = self.backfiller()
        for _ in range(1000):
            if backfill.state.is_over:
                return backfill
            backfill = await backfiller.step(backfill)
            await self.describe()
        raise AssertionError("it does not end")


def of(count: int, **more: object) -> Setup:
    return Setup(FakeListing([blob(f"{number:06}.jpg", **more) for number in range(count)]))


OPTIONS = BackfillOptions(container="images")


@pytest.mark.parametrize(
    ("listed", "only", "judgement"),
    [
        (blob("a.jpg"), Only.MISSING, Judgement.MISSING),
        (blob("a"), Only.MISSING, Judgement.MISSING),
        (blob("a.jpg", metadata=recorded("described")), Only.ALL, Judgement.CURRENT),
        (blob("a.jpg", metadata=recorded("described", "0")), Only.MISSING, Judgement.CURRENT),
        (blob("a.jpg", metadata=recorded("described", "0")), Only.STALE, Judgement.STALE),
        (blob("a.jpg", metadata=recorded("failed")), Only.FAILED, Judgement.FAILED),
        (blob("shop/a.jpg", metadata=recorded("described", SHOP)), Only.ALL, Judgement.CURRENT),
        (blob("shop/a.jpg", metadata=recorded("described")), Only.STALE, Judgement.STALE),
        (blob("a.jpg", metadata=recorded("described", SHOP)), Only.STALE, Judgement.STALE),
        (blob("a.jpg", metadata=recorded("needs_review")), Only.REVIEW, Judgement.REVIEW),
        (blob("a.jpg", metadata=recorded("needs_review")), Only.STALE, Judgement.CURRENT),
        (blob("a.jpg", tier="Archive"), Only.MISSING, Judgement.ARCHIVED),
        (blob("a.jpg", size=0), Only.MISSING, Judgement.EMPTY),
        (blob("a.jpg", size=5001), Only.MISSING, Judgement.TOO_LARGE),
        (blob("private/a.jpg"), Only.MISSING, Judgement.EXCLUDED),
        (blob("a.jpg", metadata={"description_skip": "true"}), Only.ALL, Judgement.EXCLUDED),
        (blob("folder", metadata={"hdi_isfolder": "true"}), Only.MISSING, Judgement.NOT_OURS),
        (blob("a.XMP"), Only.MISSING, Judgement.NOT_A_PICTURE),
        (blob("film.mp4"), Only.MISSING, Judgement.NOT_A_PICTURE),
        (blob("a.jpg", modified=NOW.replace(year=2020)), Only.MISSING, Judgement.OTHER_AGE),
    ],
)
async def test_the_listing_decides(listed: ImageBlob, only: Only, judgement: Judgement) -> None:
    options = BackfillOptions(container="images", only=(only,), modified_after=NOW.replace(month=10))
    [told] = (await FakeListing([listed]).library.page("images", "", "")).items
    assert selection(options).judge(told) is judgement


async def test_each_missing_picture_is_queued_once_and_counted() -> None:
    setup = of(1234)
    setup.listing.size = 500
    backfill = await setup.whole(await setup.backfiller().begin(OPTIONS, seen()))
    assert (backfill.state, backfill.found, backfill.enqueued, backfill.tally.outcomes) == (
        End.FINISHED,
        1234,
        1234,
        {"described": 1234},
    )
    assert setup.described == [each.ref.name for each in setup.listing.listed]
    assert setup.listing.listings == 3


async def test_no_more_is_queued_than_is_described_soon() -> None:
    setup = of(1000)
    backfiller, backfill = setup.backfiller(), await setup.backfiller().begin(OPTIONS, seen())
    for _ in range(5):
        backfill = await backfiller.step(backfill)
    assert backfill.enqueued == CHUNK, "nothing was described yet"
    await setup.describe()
    backfill = await backfiller.step(backfill)
    assert backfill.under_way == 3 * CHUNK, "three times what was described since the last step"


async def test_a_killed_backfill_goes_on_and_queues_a_chunk_twice_at_most() -> None:
    setup, chance = of(3000), random.Random(1)  # noqa: S311 - no secret
    setup.listing.size = 700
    backfill = await setup.backfiller().begin(OPTIONS, seen())
    kills = 0
    while backfill.state is End.RUNNING:
        setup.queue.left = chance.randrange(1, 100) if kills < 20 else None
        try:
            backfill = await setup.backfiller().step(backfill)
        except Killed:
            kills += 1
            backfill = await setup.backfiller().find("")
        await setup.describe()
    assert kills == 20
    assert set(setup.described) == {each.ref.name for each in setup.listing.listed}
    assert len(setup.described) - 3000 <= kills * CHUNK
    assert (backfill.enqueued, backfill.tally.done) == (3000, 3000)


async def test_a_cap_of_money_stops_within_a_chunk_and_a_higher_one_goes_on() -> None:
    setup = of(1000)
    backfill = await setup.whole(
        await setup.backfiller().begin(OPTIONS.model_copy(update={"max_usd": 1.0}), seen(0.02))
    )
    assert backfill.state is End.CAPPED
    assert 1.0 - 0.01 * CHUNK <= backfill.tally.usd <= 1.0
    backfill = await setup.whole(await setup.backfiller().resume(backfill, {"max_usd": 100}))
    assert (backfill.state, backfill.tally.done) == (End.FINISHED, 1000)


async def test_a_cap_of_pictures() -> None:
    setup = of(1000)
    backfill = await setup.whole(
        await setup.backfiller().begin(OPTIONS.model_copy(update={"max_pictures": 250}), seen())
    )
    assert (backfill.state, backfill.enqueued) == (End.CAPPED, 250)


async def test_deferred_pictures_make_room_but_not_without_end() -> None:
    setup = of(2 * MAX_CHUNKS * CHUNK)
    backfiller, backfill = setup.backfiller(), await setup.backfiller().begin(OPTIONS, seen())
    for _ in range(2 * MAX_CHUNKS):
        backfill = await backfiller.step(backfill)
        await setup.describe(outcome="", usd=0)
    assert backfill.enqueued == MAX_CHUNKS * CHUNK
    assert backfill.state is End.RUNNING


async def test_a_person_stops_it_meanwhile() -> None:
    setup = of(1000)
    backfill = await setup.backfiller().step(await setup.backfiller().begin(OPTIONS, seen()))
    await setup.backfiller().stop()
    heard: list[Backfill] = []
    backfill = await setup.backfiller().drive(backfill, heard.append)
    assert (backfill.state, backfill.enqueued) == (End.STOPPED, CHUNK)


async def test_one_backfill_at_a_time() -> None:
    setup = of(10)
    await setup.backfiller().begin(OPTIONS, seen())
    with pytest.raises(AlreadyRunning, match="is running"):
        await setup.backfiller().begin(OPTIONS, seen())


async def test_money_cannot_be_capped_without_a_price() -> None:
    setup = of(10)
    setup.model = "generic"
    with pytest.raises(InvalidRequest, match="no list price"):
        await setup.backfiller().begin(OPTIONS.model_copy(update={"max_usd": 1.0}))


async def test_what_awaits_a_person_is_asked_again() -> None:
    setup = of(3, metadata=recorded("needs_review"))
    await setup.backfiller().step(
        await setup.backfiller().begin(OPTIONS.model_copy(update={"only": (Only.REVIEW,)}), seen())
    )
    assert [work.again for work in setup.queue.take()] == [True] * 3


async def test_a_backfill_without_a_price_is_priced_page_by_page_and_then_begins() -> None:
    setup = of(1200)
    setup.listing.size = 500
    begun = await setup.backfiller().begin(OPTIONS)
    assert begun.state is End.PRICING
    backfill = begun
    for looked_at in (500, 1000, 1200):
        backfill = await setup.backfiller().step(backfill)  # each time by another process
        assert backfill.counted
        assert (backfill.counted.looked_at, backfill.state) == (looked_at, End.PRICING)
    backfill = await setup.backfiller().step(backfill)
    assert backfill.state is End.RUNNING
    assert backfill.preview == await preview(setup.listing.library, selection(OPTIONS), asking())
    assert (await setup.whole(backfill)).tally.done == 1200


async def test_dry_runs_queue_nothing_and_stand_beside_a_backfill() -> None:
    setup = of(10)
    running = await setup.backfiller().begin(OPTIONS, seen())
    dry = await setup.backfiller().drive(await setup.backfiller().begin(OPTIONS, dry_run=True), lambda _: None)
    assert (dry.state, setup.queue.sent) == (End.PRICED, [])
    assert dry.preview
    assert dry.preview.pictures == 10
    assert (await setup.backfiller().find("")).id == running.id, "the latest is the one that can go on"


async def test_one_that_is_stopped_while_it_is_priced_goes_on_there() -> None:
    setup = of(1200)
    setup.listing.size = 500
    await setup.backfiller().step(await setup.backfiller().begin(OPTIONS))
    stopped = await setup.backfiller().stop()
    assert stopped.state is End.STOPPED
    assert (await setup.whole(await setup.backfiller().resume(stopped, {}))).tally.done == 1200


async def test_what_is_no_backfills_name_finds_none() -> None:
    with pytest.raises(NotFound):
        await of(1).backfiller().find("../latest")


async def test_a_backfill_that_others_write_is_stopped_all_the_same() -> None:
    setup = of(10)
    begun = await setup.backfiller().begin(OPTIONS, seen())
    read = setup.backfills.read

    async def read_and_be_overtaken(backfill_id: str) -> Backfill | None:
        found = await read(backfill_id)
        setup.backfills.read = read  # type: ignore[method-assign]
        await setup.backfiller().step(begun)
        return found

    setup.backfills.read = read_and_be_overtaken  # type: ignore[method-assign]
    assert (await setup.backfiller().stop(begun.id)).state is End.STOPPED
