"""Seven days, on each program: no message of any queue is lost, and each loss of work is logged."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from describer.domain.image_ref import ImageRef
from describer.entrypoints.storage_events.inbox import DEAD_LETTERED, MAX_RECEIVES, UNEXPECTED
from describer.entrypoints.storage_events.poison import RETURNED
from local.azure_openai import faults
from local.azure_openai.script import Script, describe, serve
from local.stack import QUEUES
from tests import pictures
from tests.realhost.platform import DAY, DEAD_LETTERS, Platform, running
from tests.realhost.waiting import UPLOADS, as_time_passes, is_empty, until
from tests.storage import encoded


def _upload(name: str) -> dict[str, str]:
    function = "Host.Functions.describe_on_upload"
    return {"Type": "BlobTrigger", "FunctionId": function, "ContainerName": "images", "BlobName": name}


def _event(name: str) -> str:
    return encoded({"subject": ImageRef("images", name).subject})


async def test_a_dead_letter_is_there_after_seven_days_as_before(tmp_path: Path, host: Sequence[str]) -> None:
    """What is not base64 and what is, on each queue but that of the smoke tests, which takes any text."""
    queues = [queue for queue in QUEUES if queue not in {DEAD_LETTERS, "smoke-tests"}]
    put = {text for queue in queues for text in (f"{queue}: no base64 <é>", encoded({"not": queue}))}
    with serve(Script()) as model:
        async with running(tmp_path, model, host) as platform:
            for queue in queues:
                await platform.put(queue, f"{queue}: no base64 <é>")
                await platform.put(queue, encoded({"not": queue}))
            await until(lambda: _are_dead_letters(platform, put))
            await until(partial(is_empty, platform))
            assert len(platform.logged(DEAD_LETTERED)) == len(put)
            platform.forward(8 * DAY)
            assert set(await platform.lying(DEAD_LETTERS)) == put
            await platform.upload("after.jpg", pictures.jpeg())
            await platform.put("image-work", _event("after.jpg"))
            await until(lambda: _is(platform, "after.jpg", "described"))
            assert platform.ends == 0


async def _are_dead_letters(platform: Platform, texts: set[str]) -> bool:
    return set(await platform.lying(DEAD_LETTERS)) == texts


async def _is(platform: Platform, name: str, status: str) -> bool:
    return await platform.status(name) == status


async def test_a_burst_of_unreadable_messages_does_not_hold_up_the_picture_behind_it(
    tmp_path: Path, host: Sequence[str]
) -> None:
    with serve(Script()) as model:
        async with running(tmp_path, model, host) as platform:
            await platform.upload("behind.jpg", pictures.jpeg())
            for number in range(100):
                await platform.put("image-work", f"no event: {number}")
            await platform.put("image-work", _event("behind.jpg"))
            async with asyncio.timeout(20):
                while not await _is(platform, "behind.jpg", "described"):
                    await asyncio.sleep(0.1)


BUG = """
from describer.pipeline import publisher
from describer.entrypoints.storage_events import delivery, poison, backfill_steps
from describer.operations import smoke_test

async def bug(self, *given):
    raise ZeroDivisionError("a bug")

poison.PoisonHandler.handle_upload_poison = delivery.Delivery.handle_message = bug
publisher.OutcomePublisher.republish = smoke_test.SmokeTest.run = backfill_steps.BackfillSteps.handle_message = bug
"""


@pytest.mark.long
async def test_a_bug_in_each_function_of_a_queue_ends_among_the_dead_letters_and_stays_there(
    tmp_path: Path, host: Sequence[str]
) -> None:
    put = {
        UPLOADS: encoded(_upload("a.jpg")),
        "image-work": _event("a.jpg"),
        "unpublished-events": encoded({"id": "1", "deferrals": 1}),
        "smoke-tests": "a-token",
        "backfills": encoded({"backfill": "a"}),
    }
    assert {*put, DEAD_LETTERS} == set(QUEUES)
    with serve(Script()) as model:
        async with running(tmp_path, model, host, fault=BUG) as platform:
            for queue, text in put.items():
                await platform.put(queue, text)
            await as_time_passes(platform, lambda: _are_dead_letters(platform, set(put.values())), step=601)
            assert platform.log("worker").count(UNEXPECTED) == MAX_RECEIVES * len(put)
            await until(partial(is_empty, platform))
            platform.forward(8 * DAY)
            assert set(await platform.lying(DEAD_LETTERS)) == set(put.values())
            assert {facts["queue"] for facts in platform.logged(DEAD_LETTERED)} == set(put)


async def _logged(platform: Platform, event: str, wanted: int) -> bool:
    return len(platform.logged(event)) >= wanted


LATE = """
from describer.entrypoints.storage_events import delivery
from describer.domain.errors import Misconfigured

async def handle_upload(self, container, name):
    raise Misconfigured("the app's own account took no message")

delivery.Delivery.handle_upload = handle_upload
"""


async def test_a_week_without_the_queues_of_the_images_account_is_nothing_to_uploads(
    tmp_path: Path, host: Sequence[str]
) -> None:
    """Uploads that the blob trigger gives up on are described all the same: no queue of that account is asked."""
    names = [f"late/{number}.jpg" for number in range(3)]
    with serve(Script()) as model:
        async with running(tmp_path, model, host, fault=LATE) as platform:
            for number, name in enumerate(names):
                await platform.upload(name, pictures.jpeg(200 + number, 150))
                await platform.announce(name)
                await until(lambda: _logged(platform, RETURNED, number + 1))  # noqa: B023 - awaited at once
                await until(partial(_is, platform, name, "described"))
                await until(partial(is_empty, platform))
                platform.forward(4 * DAY)
            async with platform.storage.queue_service("images") as elsewhere:
                assert [queue.name async for queue in elsewhere.list_queues()] == []
            assert platform.ends == 0


@pytest.mark.long
async def test_twelve_hours_without_roles_on_the_host_account_lose_no_upload(
    tmp_path: Path, host: Sequence[str]
) -> None:
    """Pictures wait on each queue when the roles go, and come meanwhile by both ways; afterwards all are described."""
    waiting, before = [f"waiting/{number}.jpg" for number in range(3)], [f"new/{number}.jpg" for number in range(3)]
    by_queue, by_webhook = [f"queue/{number}.jpg" for number in range(3)], [f"hook/{number}.jpg" for number in range(3)]
    names = [*waiting, *before, *by_queue, *by_webhook]
    with serve(Script()) as model:
        async with running(tmp_path, model, host) as platform:
            for number, name in enumerate(names):
                await platform.upload(name, pictures.jpeg(200 + number, 150))
            model.script.always(lambda _: faults.rate_limited(3600))
            for name in waiting:
                await platform.announce(name)
            await until(lambda: _logged(platform, "picture.deferred", len(waiting)))
            platform.gate.closed = "/"
            await until(lambda: _ended(platform, 3))  # the host ends at its first look, and again
            model.script.always(describe)
            for name in [*before, *by_queue]:
                await platform.put("image-work", _event(name))
            deliveries = [asyncio.create_task(platform.announce(name)) for name in by_webhook]
            platform.forward(DAY / 2)
            await until(lambda: _ended(platform, 5))
            assert not any(delivery.done() for delivery in deliveries)
            assert {await platform.status(name) for name in names} == {""}
            platform.gate.closed = ""
            await asyncio.gather(*deliveries)
            for name in names:
                await as_time_passes(platform, partial(_is, platform, name, "described"))
            assert await platform.lying(DEAD_LETTERS) == []
            await until(partial(is_empty, platform))


async def _ended(platform: Platform, times: int) -> bool:
    return platform.ends >= times


@pytest.mark.long
async def test_what_a_kill_cut_off_is_described_when_it_comes_back(tmp_path: Path, host: Sequence[str]) -> None:
    names = [f"cut/{number}.jpg" for number in range(6)]
    with serve(Script()) as model:
        async with running(tmp_path, model, host) as platform:
            model.script.always(lambda _: faults.hang(30))
            for number, name in enumerate(names):
                await platform.upload(name, pictures.jpeg(200 + number, 150))
                await platform.put("image-work", _event(name))
            await until(lambda: _asked(model.requests, len(names)))
            await platform.kill("host", "worker")
            model.script.always(describe)
            platform.forward(601)
            await until(lambda: _logged(platform, "picture.deferred", len(names)))
            for name in names:
                await as_time_passes(platform, partial(_is, platform, name, "described"))
            assert await platform.lying(DEAD_LETTERS) == []


async def _asked(requests: Sequence[object], wanted: int) -> bool:
    return len(requests) >= wanted


KILLER = """
import asyncio, os
from describer.entrypoints.storage_events import delivery
from describer.pipeline import pipeline

describe, delivery.MAX_INTERRUPTIONS = pipeline.Pipeline.describe, 5

async def killed(self, ref, brief):
    if ref.name.endswith("killer.jpg"):
        await asyncio.sleep(1)  # until there is no more memory
        os._exit(137)
    return await describe(self, ref, brief)

pipeline.Pipeline.describe = killed
"""


@pytest.mark.long
async def test_a_picture_that_kills_the_app_is_given_up_and_takes_no_other_along(
    tmp_path: Path, host: Sequence[str]
) -> None:
    """As where it takes more memory than there is: the worker ends, and with it all that was being worked."""
    others = [f"beside/{number}.jpg" for number in range(8)]
    with serve(Script()) as model:
        async with running(tmp_path, model, host, fault=KILLER) as platform:
            for number, name in enumerate([*others, "killer.jpg"]):
                await platform.upload(name, pictures.jpeg(200 + number, 150))
                await platform.put("image-work", _event(name))
            await as_time_passes(platform, lambda: _is(platform, "killer.jpg", "failed"))
            for name in others:
                await as_time_passes(platform, partial(_is, platform, name, "described"))
            assert platform.ends >= 5
            assert await platform.lying(DEAD_LETTERS) == []
            await until(partial(is_empty, platform))
