"""An upload that the Functions host gave up on becomes work; other messages of its queue do not."""

import base64
import json

import pytest

from describer.entrypoints.storage_events.poison import RETURNED, PoisonHandler
from describer.pipeline.events import Work
from describer.pipeline.messages import Unreadable
from tests.fakes import FakeQueue
from tests.unit.conftest import CAT

UPLOAD = {
    "Type": "BlobTrigger",
    "FunctionId": "Host.Functions.describe_on_upload",
    "BlobType": "BlockBlob",
    "ContainerName": CAT.container,
    "BlobName": CAT.name,
    "ETag": '"0x8DC"',
}


async def test_an_upload_becomes_work_at_once_and_its_tries_do_not_count(caplog: pytest.LogCaptureFixture) -> None:
    queue = FakeQueue()
    await PoisonHandler(CAT.container, queue).handle_upload_poison(
        base64.b64encode(json.dumps(UPLOAD, indent=2).encode())
    )
    ((message, delay),) = queue.sent
    (work,) = Work.from_message(message.encode())
    assert (work.ref, work.attempts, work.deferrals, work.interruptions, delay) == (CAT, 0, 0, 0, 0)
    assert [record.levelname for record in caplog.records if record.message == RETURNED] == ["WARNING"]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"no JSON",
        b"[]",
        b'"\xff"',
        json.dumps(UPLOAD | {"FunctionId": "Host.Functions.thumbnails"}).encode(),
        json.dumps(UPLOAD | {"ContainerName": "scans"}).encode(),
        json.dumps(UPLOAD | {"BlobName": ""}).encode(),
        json.dumps(UPLOAD | {"BlobName": "a/../b.jpg"}).encode(),
        json.dumps({name: value for name, value in UPLOAD.items() if name != "BlobName"}).encode(),
    ],
)
async def test_what_is_no_upload_to_the_app_is_unreadable(message: bytes) -> None:
    queue = FakeQueue()
    with pytest.raises(Unreadable):
        await PoisonHandler(CAT.container, queue).handle_upload_poison(message)
    assert not queue.sent
