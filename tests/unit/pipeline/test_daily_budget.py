"""What the model may cost in a day, shared by instances that know nothing of each other but a ledger."""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from describer.domain.errors import Filtered, OverBudget, Transient
from describer.domain.image_ref import ImageRef
from describer.domain.record import Usage
from describer.domain.status import Skip, SkipReason, Status
from describer.entrypoints.on_demand.service import RequestOptions
from describer.pipeline.budgeted_model import BudgetedModel
from describer.pipeline.daily_budget import RECHECK_SECONDS, SHARES, DailyBudget
from describer.pipeline.pipeline import Pipeline
from describer.vision.brief import Question
from describer.vision.families import family
from describer.vision.imaging.values import PreparedImage
from tests.fakes import FakeLedger, FakeModel
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import UPLOAD, OnDemandSetup

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@dataclass
class Installation:
    """Instances that share a ledger and a clock."""

    limit: float
    ledger: FakeLedger = field(default_factory=FakeLedger)
    time: datetime = NOON

    def instance(self, idle_seconds: float = 3600) -> DailyBudget:
        return DailyBudget(self.limit, self.ledger, lambda: self.time, idle_seconds)


async def _spend(budget: DailyBudget, most: float, usd: float) -> bool:
    try:
        async with budget.call(most) as paid:
            await asyncio.sleep(0)
            paid.usd = usd
    except OverBudget:
        return False
    return True


async def test_a_call_over_the_budget_is_deferred_until_midnight(caplog: pytest.LogCaptureFixture) -> None:
    budget = Installation(1.0).instance()
    with caplog.at_level(logging.WARNING):
        ends = [await _spend(budget, 0.3, 0.3) for _ in range(5)]
    assert ends == [True, True, True, False, False]
    later = budget.deferral()
    assert later and later.retry_after == 12 * 3600
    assert "1 USD" in later.message and "DAILY_BUDGET_USD" in later.message
    assert not later.counts_as_attempt
    told = [vars(entry)["limit"] for entry in caplog.records if entry.message == "budget.used_up"]
    assert told == [1.0]


async def test_what_a_call_did_not_come_to_is_there_for_the_next() -> None:
    budget = Installation(1.0).instance()
    assert all([await _spend(budget, 0.5, 0.05) for _ in range(11)])
    assert not await _spend(budget, 0.5, 0.05)


async def test_it_is_new_on_the_next_day() -> None:
    installation = Installation(1.0)
    budget = installation.instance()
    assert await _spend(budget, 1.0, 1.0)
    assert not await _spend(budget, 1.0, 1.0)
    installation.time += timedelta(days=1)
    assert budget.deferral() is None
    assert await _spend(budget, 1.0, 1.0)
    assert (await installation.ledger.taken(installation.time.date())) == 1.0


async def test_a_call_over_midnight_is_of_the_day_on_which_it_began() -> None:
    installation = Installation(1.0)
    budget = installation.instance()
    async with budget.call(0.9) as paid:
        installation.time += timedelta(days=1)
        paid.usd = 0.1
    assert await _spend(budget, 1.0, 1.0)
    assert not await _spend(budget, 0.5, 0.1)


async def test_instances_together_never_go_over_it() -> None:
    installation = Installation(1.0)
    instances = [installation.instance() for _ in range(8)]
    ends = await asyncio.gather(*(_spend(each, 0.002, 0.001) for each in instances for _ in range(300)))
    assert sum(ends) * 0.001 <= 1.0
    for each in instances:
        await each.close()
    assert installation.ledger.usd == pytest.approx(sum(ends) * 0.001)


async def test_storage_is_asked_once_for_many_calls() -> None:
    installation = Installation(10.0)
    budget = installation.instance()
    for _ in range(1000):
        assert await _spend(budget, 0.001, 0.0005)
    assert installation.ledger.changes <= 2


async def test_an_instance_that_is_killed_keeps_no_more_than_its_share() -> None:
    installation = Installation(1.0)
    assert await _spend(installation.instance(), 0.001, 0.001)
    other = installation.instance()
    spent = 0
    while await _spend(other, 0.001, 0.001):
        spent += 1
    assert spent >= 1000 * (1 - 1 / SHARES) - 1


async def test_what_is_not_used_is_given_back_after_a_while() -> None:
    installation = Installation(1.0)
    budget = installation.instance(idle_seconds=0.01)
    assert await _spend(budget, 0.002, 0.001)
    assert installation.ledger.usd == pytest.approx(1 / SHARES)
    while installation.ledger.changes < 2:
        await asyncio.sleep(0.005)
    assert installation.ledger.usd == pytest.approx(0.001)


async def test_what_storage_does_not_take_back_is_kept_for_the_next_call() -> None:
    installation = Installation(1.0)
    budget = installation.instance()
    assert await _spend(budget, 0.002, 0.001)
    installation.ledger.fails_with = Transient("storage is away")
    await budget.close()
    assert await _spend(budget, 0.002, 0.001), "storage need not be asked for it"


async def test_where_nothing_was_left_storage_is_not_asked_again_for_a_while() -> None:
    installation = Installation(1.0)
    first, second = installation.instance(), installation.instance()
    assert await _spend(first, 1.0, 0.1)
    assert not await _spend(second, 0.5, 0.1)
    await first.close()
    asked = installation.ledger.changes
    assert not await _spend(second, 0.5, 0.1)
    assert installation.ledger.changes == asked
    installation.time += timedelta(seconds=RECHECK_SECONDS)
    assert await _spend(second, 0.5, 0.1), "the first instance gave back what it did not use"


async def test_the_model_is_not_called_while_the_rest_of_the_budget_is_unknown() -> None:
    installation = Installation(1.0)
    installation.ledger.fails_with = Transient("storage is away")
    with pytest.raises(Transient, match="away"):
        async with installation.instance().call(0.1):
            raise AssertionError("unreachable")


@dataclass
class Budgeted:
    """The harness, with a budget."""

    harness: Harness
    installation: Installation

    def __post_init__(self) -> None:
        luna = family("gpt-5.6-luna")
        assert luna
        self.budget = self.installation.instance()
        self.model = BudgetedModel(self.harness.model, self.budget, lambda _: luna)

    @property
    def pipeline(self) -> Pipeline:
        pipeline = self.harness.pipeline
        describer = replace(pipeline.image_describer, model=self.model, deferral=self.budget.deferral)
        return replace(pipeline, image_describer=describer)


@pytest.fixture
def budgeted(harness: Harness) -> Budgeted:
    """For two pictures: each holds about 0.0011 USD at most, and comes to 0.0003."""
    return Budgeted(harness, Installation(0.0015))


def _pictures(harness: Harness, count: int) -> list[ImageRef]:
    refs = [ImageRef("images", f"{number}.jpg") for number in range(count)]
    for ref in refs:
        harness.images.put(ref, ref.name.encode())
    return refs


async def test_a_picture_over_the_budget_is_deferred_and_no_attempt_counted(budgeted: Budgeted) -> None:
    harness = budgeted.harness
    delivery = replace(harness.delivery, pipeline=budgeted.pipeline)
    for ref in _pictures(harness, 10):
        await delivery.handle_upload(ref.container, ref.name)
    described = len(harness.records.stored)
    assert 0 < described < 10
    assert len(harness.queue.sent) == 10 - described
    for message, delay in harness.queue.sent:
        assert '"attempts": 0' in message
        assert 12 * 3600 <= delay <= 12 * 3600 + 10
    assert len(harness.model.calls) == described
    assert len(harness.preparer.prepared) <= described + 1, "pictures that are put off are not decoded"
    spent = sum(record.record.cost.usd for record in harness.records.stored.values() if record.record.cost)
    assert spent <= budgeted.installation.limit


async def test_they_are_described_on_the_next_day(budgeted: Budgeted) -> None:
    harness = budgeted.harness
    delivery = replace(harness.delivery, pipeline=budgeted.pipeline)
    refs = _pictures(harness, 6)
    for ref in refs:
        await delivery.handle_upload(ref.container, ref.name)
    for _ in range(6):
        budgeted.installation.time += timedelta(days=1)
        waiting, harness.queue.sent = harness.queue.sent, []
        for message, _ in waiting:
            await delivery.handle_message(message.encode())
    assert [harness.records.stored[ref].record.status for ref in refs] == [Status.DESCRIBED] * 6


async def test_what_costs_nothing_goes_on(budgeted: Budgeted) -> None:
    harness, pipeline = budgeted.harness, budgeted.pipeline
    await pipeline.describe(CAT, BRIEF)
    while await _spend(budgeted.budget, 0.0001, 0.0001):
        pass
    while await _spend(budgeted.budget, 0.00001, 0.00001):
        pass
    copy = ImageRef("images", "copy.jpg")
    harness.images.put(copy, b"cat")
    end = await pipeline.describe(copy, BRIEF)
    assert not isinstance(end, Skip) and end.status is Status.DESCRIBED, "a copy has its original's texts"
    settled = await pipeline.describe(CAT, BRIEF)
    assert isinstance(settled, Skip) and settled.reason is SkipReason.UNCHANGED
    del harness.images.blobs[CAT]
    gone = await pipeline.describe(CAT, BRIEF)
    assert isinstance(gone, Skip) and gone.reason is SkipReason.GONE and CAT not in harness.records.stored


async def test_a_waiting_caller_gets_an_error_that_says_so(budgeted: Budgeted) -> None:
    setup = OnDemandSetup(budgeted.harness)
    service = replace(setup.on_demand, image_describer=budgeted.pipeline.image_describer)
    while await _spend(budgeted.budget, 0.0001, 0.0001):
        pass
    with pytest.raises(OverBudget, match="daily budget") as refused:
        await service.describe(UPLOAD, service.brief(RequestOptions()))
    assert refused.value.retry_after == 12 * 3600
    with pytest.raises(OverBudget):
        await service.answer([UPLOAD], service.question("Which colour?", RequestOptions()))


async def test_what_failed_calls_used_is_spent(budgeted: Budgeted) -> None:
    model = budgeted.harness.model
    model.script, model.spends = [Filtered("No.")], Usage(prompt_tokens=2000, completion_tokens=0, calls=2)
    await budgeted.pipeline.describe(CAT, BRIEF)
    await budgeted.budget.close()
    assert budgeted.installation.ledger.usd == pytest.approx(2000 * 0.20 / 1e6)


async def test_a_server_that_counts_nothing_spends_what_was_expected(budgeted: Budgeted) -> None:
    said = await budgeted.harness.model.ask(BRIEF, PreparedImage(b"cat", 1024, 768))
    budgeted.harness.model.script = [replace(said, usage=Usage(calls=1))]
    await budgeted.pipeline.describe(CAT, BRIEF)
    await budgeted.budget.close()
    assert budgeted.installation.ledger.usd > 0.0001


async def test_an_answer_that_breaks_off_counts_as_long_as_it_may_be() -> None:
    installation = Installation(1.0)
    luna = family("gpt-5.6-luna")
    assert luna
    budget, fake = installation.instance(), FakeModel()
    fake.breaks_after = 1
    question = Question("Which colour?", "gpt-5.6-luna", "low", 1000)
    with pytest.raises(Transient):
        [piece async for piece in BudgetedModel(fake, budget, lambda _: luna).reply(question, [])]
    await budget.close()
    assert installation.ledger.usd >= 1000 * 1.20 / 1e6
