"""The record has what was paid, even without an answer."""

from dataclasses import replace

import pytest

from describer.domain.errors import DescriberError, Filtered, NoUsableAnswer, Transient
from describer.domain.record import Usage
from describer.domain.status import Status
from describer.entrypoints.on_demand.service import BlobOf, RequestOptions
from describer.pipeline.events import Work
from tests.unit.conftest import CAT, Harness
from tests.unit.entrypoints.test_on_demand import UPLOAD, OnDemandSetup

PAID = Usage(
    prompt_tokens=1000,
    cached_tokens=300,
    cache_write_tokens=200,
    completion_tokens=1500,
    reasoning_tokens=100,
    calls=2,
)


@pytest.mark.parametrize("fault", [Filtered("No."), NoUsableAnswer("Cut off twice.")], ids=["filtered", "cut off"])
async def test_an_answer_that_came_to_nothing_is_counted(harness: Harness, fault: DescriberError) -> None:
    harness.model.script, harness.model.spends = [fault], PAID
    record = await harness.described()
    assert record.usage == PAID
    assert record.cost and record.cost.usd > 0
    assert record.sent and record.sent.width == 1024


async def test_what_was_expected_stands_beside_what_was_paid(harness: Harness) -> None:
    record = await harness.described()
    assert record.cost and record.cost.usd_expected and record.cost.usd_unshrunk
    assert 0 < record.cost.usd_expected < record.cost.usd_unshrunk


async def test_a_further_language_says_what_this_call_cost_and_the_record_what_all_did(harness: Harness) -> None:
    setup = OnDemandSetup(harness)
    first = await harness.described()
    brief = setup.on_demand.brief(RequestOptions(languages=("de",)))
    told = await setup.on_demand.describe(BlobOf(CAT), brief, write=True)
    stored = harness.records.stored[CAT].record
    assert told.cost and first.cost and stored.cost
    assert (told.usage.calls, stored.usage.calls) == (1, 2)
    assert stored.cost.usd == pytest.approx(first.cost.usd + told.cost.usd)
    assert stored.cost.usd_expected and first.cost.usd_expected
    assert stored.cost.usd_expected > first.cost.usd_expected


async def test_what_is_settled_costs_a_second_run_nothing(harness: Harness) -> None:
    setup = OnDemandSetup(harness)
    await harness.described()
    told = await setup.on_demand.describe(BlobOf(CAT), setup.on_demand.brief(RequestOptions()), write=True)
    assert (told.usage, told.cost) == (Usage(), None)


async def test_what_tries_cost_is_in_the_record_that_ends_them(harness: Harness) -> None:
    harness.model.script = [Transient("500", counts_as_attempt=True)] * 3
    harness.model.spends = Usage(prompt_tokens=100, completion_tokens=10, calls=1)
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    for _ in range(2):
        await harness.delivery.handle_message(harness.queue.sent[-1][0].encode())
    record = harness.records.stored[CAT].record
    assert (record.status, record.usage) == (
        Status.FAILED,
        Usage(prompt_tokens=300, completion_tokens=30, calls=3),
    )


def test_a_message_keeps_what_was_spent() -> None:
    work = replace(Work.first(CAT), spent=PAID)
    assert [again.spent for again in Work.from_message(work.to_message().encode())] == [PAID]


async def test_a_caller_sees_the_cost_of_a_failed_call_and_may_call_again(harness: Harness) -> None:
    setup = OnDemandSetup(harness)
    harness.model.script, harness.model.spends = [NoUsableAnswer("Cut off twice."), Filtered("No.")], PAID
    ends = [await setup.on_demand.describe(UPLOAD, setup.on_demand.brief(RequestOptions())) for _ in range(3)]
    assert [end.status for end in ends] == [Status.FAILED, Status.FILTERED, Status.FILTERED]
    assert [end.usage for end in ends] == [PAID, PAID, Usage()]
