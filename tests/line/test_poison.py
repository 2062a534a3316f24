"""Both poison queues, through everything: what the host gave up on becomes work, a record, or lies aside."""

import json
from base64 import b64decode

from describer.events import ImageRef
from describer.outcome import SkipReason, Status
from describer.poison import RETURNED, SET_ASIDE
from describer.sidecar import sidecar_name
from local.azure_openai import faults
from local.extensions.storage import put
from tests.line.conftest import Line
from tests.storage import encoded, texts, unique, until, until_async


def _upload(name: str, function: str = "describe_on_upload") -> dict[str, str]:
    """What the host's blob trigger leaves of an upload that it could not start."""
    return {
        "Type": "BlobTrigger",
        "FunctionId": f"Host.Functions.{function}",
        "BlobType": "BlockBlob",
        "ContainerName": "images",
        "BlobName": name,
        "ETag": '"0x8DC"',
    }


async def _poison(line: Line, message: dict[str, str], *, account: str, queue: str) -> None:
    async with line.stack.storage.queue_service(account) as service:
        await put(service.get_queue_client(queue), encoded(message))


async def test_an_upload_that_the_blob_trigger_gave_up_on_is_described(line: Line) -> None:
    name = "poison/upload.jpg"
    await line.upload(name, line.picture())
    first = await line.finished(name)
    await line.blobs.get_blob_client("descriptions", sidecar_name(ImageRef("images", name))).delete_blob()
    await _poison(line, _upload(name), account="images", queue="webjobs-blobtrigger-poison")
    second = await line.finished(name)
    assert second["etag"] != first["etag"]
    subject = ImageRef("images", name).subject
    assert [fact["picture"] for fact in line.log(RETURNED) if fact["picture"] == subject] == [subject]


async def test_an_upload_that_is_described_already_is_left_alone(line: Line) -> None:
    name, picture = "poison/done.jpg", line.picture()
    await line.upload(name, picture)
    first = await line.finished(name)
    await _poison(line, _upload(name), account="images", queue="webjobs-blobtrigger-poison")
    await line.outcome(name, SkipReason.UNCHANGED)
    assert await line.finished(name) == first
    assert line.calls(picture) == 1


async def test_work_that_the_host_gave_up_on_is_recorded_as_failed_and_announced(line: Line) -> None:
    name = "poison/work.jpg"
    await line.upload(name, line.picture(faults.server_error(503)))
    await until(lambda: [fact for fact in line.log("picture.deferred") if fact["picture"].endswith(name)])
    event = {"eventType": "Microsoft.Storage.BlobCreated", "subject": ImageRef("images", name).subject}
    await _poison(line, event, account="host", queue="image-work-poison")
    record = await line.finished(name, status=Status.FAILED)
    assert record["reason"].startswith("The Functions host tried five times")
    told = await until(lambda: [event for event in line.events() if event["data"]["record"] == record["etag"]])
    assert {event["type"] for event in told} == {"ImageDescriber.ImageNotDescribed"}


async def test_what_names_no_picture_of_ours_lies_aside(line: Line) -> None:
    mark = unique("aside")
    others = _upload(f"{mark}.jpg", function="thumbnails")
    await _poison(line, others, account="images", queue="webjobs-blobtrigger-poison")
    await _poison(line, {"not": mark}, account="host", queue="image-work-poison")
    queue = line.queues.get_queue_client("work-set-aside")

    async def both() -> list[str]:
        lying = [b64decode(text).decode() for text in await texts(queue)]
        found = [text for text in lying if mark in text]
        return found if len(found) == 2 else []

    found = [json.loads(text) for text in await until_async(both)]
    assert others in found
    assert {"not": mark} in found
    await until(lambda: len(line.log(SET_ASIDE)) >= 2)
