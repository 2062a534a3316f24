"""Backfills that the app drives: a message for each step, one a night by setting."""

import logging
from datetime import date, timedelta

import pytest

from describer.entrypoints.storage_events.backfill_steps import BEGUN, STILL_RUNNING, BackfillSteps
from describer.pipeline.backfill.state import BackfillOptions, End
from describer.pipeline.messages import Unreadable
from tests.backfills import backfill_steps, blob
from tests.fakes import FakeQueue

TONIGHT = date(2026, 11, 29)
OPTIONS = BackfillOptions(container="images")


@pytest.fixture
def steps() -> BackfillSteps:
    return backfill_steps(*(blob(f"{number:03}.jpg") for number in range(30)))


async def test_what_was_begun_is_driven_by_its_message(steps: BackfillSteps) -> None:
    begun = await steps.begin(OPTIONS, dry_run=True)
    queue = steps.queue
    assert isinstance(queue, FakeQueue)
    [(message, delay)] = queue.sent
    assert delay == 0
    queue.sent.clear()
    await steps.handle_message(message.encode())
    assert (await steps.backfiller.find(begun.id)).state is End.PRICED
    assert queue.sent == [], "it is at its end"


@pytest.mark.parametrize(
    "message", ['{"backfill": "20261129T000000-00000000"}', '{"backfill": ""}', "{}", '{"backfill": "a/b"}']
)
async def test_a_message_that_names_no_backfill_is_for_the_dead_letter_queue(
    steps: BackfillSteps, message: str
) -> None:
    with pytest.raises(Unreadable):
        await steps.handle_message(message.encode())


async def test_each_night_another_container_has_its_turn(
    steps: BackfillSteps, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    backfills = [OPTIONS, BackfillOptions(container="scans")]
    seen = []
    for night in range(3):
        await steps.begin_nightly(backfills, TONIGHT + timedelta(days=night))
        seen.append((await steps.backfiller.find("")).options.container)
        await steps.backfiller.stop()
    assert seen[0] == seen[2] != seen[1]
    assert [record.message for record in caplog.records] == [BEGUN] * 3


async def test_one_that_still_runs_is_left_alone(steps: BackfillSteps, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    running = await steps.begin(OPTIONS, dry_run=False)
    await steps.begin_nightly([OPTIONS], TONIGHT)
    assert (await steps.backfiller.find("")).id == running.id
    assert [record.message for record in caplog.records] == [STILL_RUNNING]
