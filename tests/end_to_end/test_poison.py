"""What the host gave up on becomes work, and what cannot be read a dead letter: on every queue, through everything."""

import pytest

from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.domain.status import SkipReason
from describer.entrypoints.storage_events.inbox import DEAD_LETTERED
from describer.entrypoints.storage_events.poison import RETURNED
from tests.end_to_end.conftest import System
from tests.storage import encoded, texts, unique, until, until_async

UPLOADS = "webjobs-blobtrigger-poison"
DEAD_LETTERS = "dead-letter-queue"


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


async def _put(system: System, queue: str, text: str) -> None:
    await system.queues.get_queue_client(queue).send_message(text)


async def test_an_upload_that_the_blob_trigger_gave_up_on_is_described(system: System) -> None:
    name = "poison/upload.jpg"
    await system.upload(name, system.picture())
    first = await system.finished(name)
    await system.blobs.get_blob_client("descriptions", sidecar_name(ImageRef("images", name))).delete_blob()
    await _put(system, UPLOADS, encoded(_upload(name)))
    second = await system.finished(name)
    assert second["etag"] != first["etag"]
    picture = str(ImageRef("images", name))

    def returned() -> list[str]:
        """It is logged once the message is on the next queue, so the record may be there first."""
        return [fact["picture"] for fact in system.log(RETURNED) if fact["picture"] == picture]

    assert await until(returned) == [picture]


async def test_an_upload_that_is_described_already_is_left_alone(system: System) -> None:
    name, picture = "poison/done.jpg", system.picture()
    await system.upload(name, picture)
    first = await system.finished(name)
    await _put(system, UPLOADS, encoded(_upload(name)))
    await system.outcome(name, SkipReason.UNCHANGED)
    assert await system.finished(name) == first
    assert system.calls(picture) == 1


@pytest.mark.parametrize("queue", ["image-work", "unpublished-events", UPLOADS])
async def test_what_cannot_be_read_becomes_a_dead_letter_as_it_was(system: System, queue: str) -> None:
    mark = unique("unreadable")
    put = {
        f"{mark} <no JSON> & no base64 é",
        encoded({"not": mark}),
        encoded(f"{mark}: base64, and no JSON"),
        encoded(_upload(f"{mark}.jpg", function="thumbnails")),
    }
    for text in put:
        await _put(system, queue, text)

    async def all_of_them() -> set[str]:
        client = system.queues.get_queue_client(DEAD_LETTERS)
        found = set(await texts(client)) & put
        return found if found == put else set()

    assert await until_async(all_of_them) == put
    expected = len(put)  # each is told of when it lies there already
    assert await until(lambda: len([fact for fact in system.log(DEAD_LETTERED) if fact["queue"] == queue]) >= expected)


async def test_a_burst_of_unreadable_messages_does_not_hold_up_the_picture_behind_it(system: System) -> None:
    name = "poison/behind.jpg"
    await system.upload(name, system.picture())
    first = await system.finished(name)
    await system.blobs.get_blob_client("descriptions", sidecar_name(ImageRef("images", name))).delete_blob()
    for number in range(60):
        await _put(system, "image-work", f"no event: {number}")
    await system.send(ImageRef("images", name).subject)
    second = await system.finished(name)
    assert second["etag"] != first["etag"]
    client = system.queues.get_queue_client(DEAD_LETTERS)

    async def are_dead_letters() -> bool:
        return ((await client.get_queue_properties()).approximate_message_count or 0) >= 60

    assert await until_async(are_dead_letters)
    await client.clear_messages()


async def test_a_plain_event_is_read_like_one_in_base64(system: System) -> None:
    name = "poison/plain.jpg"
    await system.upload(name, system.picture())
    await system.finished(name)
    await _put(system, "image-work", f'{{"subject": "{ImageRef("images", name).subject}"}}')
    await system.outcome(name, SkipReason.UNCHANGED)
