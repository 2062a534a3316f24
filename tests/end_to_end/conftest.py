"""The running system: the app in the development host, Azurite, the identity endpoint, Event Grid.

The model is a script in this process. Pictures are recognised by their size, which preparation keeps.
"""

import itertools
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.entrypoints.storage_events.poison import RETURNED
from local.azure_openai.answers import Request
from local.azure_openai.script import Model, Reply, Rule, Script, describe, serve
from local.routes import Name
from local.sink import Topic
from local.stack import Stack
from tests import pictures
from tests.storage import encoded, plain, texts, until, until_async

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna",
    "IMAGES_EXCLUDE": "private/",
    "MAX_IMAGE_MB": "0.5",
    "MAX_ATTEMPTS": "2",
    "RETRY_BASE_SECONDS": "1",
}
POISON = (
    "webjobs-blobtrigger-poison",
    "image-work-poison",
    "unpublished-events-poison",
    "smoke-tests-poison",
    "dead-letter-queue",
)

_widths = itertools.count(200)


@dataclass
class System:
    """The running system, and users' actions."""

    stack: Stack
    model: Model
    blobs: BlobServiceClient
    queues: QueueServiceClient
    rules: dict[int, Reply | Rule] = field(default_factory=dict)

    def picture(self, reply: Reply | Rule | None = None) -> bytes:
        """Make a unique picture; `reply` is the model's answer to it."""
        width = next(_widths)
        if reply is not None:
            self.rules[width] = reply
        return pictures.jpeg(width, 150)

    def answer(self, request: Request) -> Reply:
        """The script's rule."""
        reply = self.rules.get(request.images[0].width, describe)
        return reply(request) if callable(reply) else reply

    def calls(self, picture: bytes) -> int:
        """Return the number of model calls about this picture."""
        width = pictures.size(picture)[0]
        return sum(request.images[0].width == width for request in self.model.requests)

    async def upload(self, name: str, data: bytes, *, container: str = "images", **options: Any) -> None:
        await self.blobs.get_blob_client(container, name).upload_blob(data, overwrite=True, **options)

    async def metadata(self, name: str, *, container: str = "images") -> dict[str, str]:
        return dict((await self.blobs.get_blob_client(container, name).get_blob_properties()).metadata)

    async def sidecar(self, name: str, *, container: str = "images") -> dict[str, Any] | None:
        """The picture's sidecar, or None."""
        blob = self.blobs.get_blob_client("descriptions", sidecar_name(ImageRef(container, name)))
        try:
            stream = await blob.download_blob()
            return {**json.loads(await stream.readall()), "etag": str(stream.properties.etag).strip('"')}
        except ResourceNotFoundError:
            return None

    async def write_sidecar(self, name: str, data: bytes) -> None:
        """Change a sidecar as any editor may."""
        blob = self.blobs.get_blob_client("descriptions", sidecar_name(ImageRef("images", name)))
        await blob.upload_blob(data, overwrite=True)

    async def finished(self, name: str, *, container: str = "images", status: str = "described") -> dict[str, Any]:
        """Wait until the picture's metadata names a sidecar with this status, and return it."""

        async def complete() -> dict[str, Any] | None:
            record = await self.sidecar(name, container=container)
            if record is None or record["status"] != status:
                return None
            mark = (await self.metadata(name, container=container)).get("description_record")
            return record if mark == record["etag"] else None

        found = await until_async(complete)
        assert found is not None
        return found

    async def send(self, subject: str) -> None:
        """Send an event to the work queue, as Event Grid does."""
        event = {"eventType": "Microsoft.Storage.BlobCreated", "subject": subject, "eventTime": "2026-11-23T08:00:00Z"}
        await self.queues.get_queue_client("image-work").send_message(encoded(event))

    async def outcome(self, name: str, outcome: str, *, container: str = "images") -> dict[str, Any]:
        """Wait until the app logs that a visit of this picture ended so, and return the facts."""
        picture = str(ImageRef(container, name))

        def said() -> dict[str, Any] | None:
            facts = [fact for fact in self.log() if fact["picture"] == picture and fact["outcome"] == outcome]
            return facts[-1] if facts else None

        found = await until(said)
        assert found is not None
        return found

    def events(self) -> list[dict[str, Any]]:
        """The published events."""
        file = self.stack.events
        return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []

    def log(self, event: str = "picture.done") -> list[dict[str, Any]]:
        """Return the facts of all log events of this kind, by default of all visits."""
        text = (self.stack._state / "logs" / "host.log").read_text(encoding="utf-8")
        return [json.loads(line.split(f"{event} ", 1)[1]) for line in text.splitlines() if f"{event} " in line]

    async def poisoned(self) -> list[str]:
        """Return the messages on the poison queues and the dead-letter queue, and those that the app took."""
        found = [json.dumps(facts, ensure_ascii=False) for facts in self.log(RETURNED)]
        for name in POISON:
            found += [plain(text) for text in await texts(self.queues.get_queue_client(name))]
        return found


@contextmanager
def started(
    state: Path,
    settings: Mapping[str, str] = MappingProxyType({}),
    *,
    route: Name = "blobTrigger",
    topic: Topic | None = None,
) -> Iterator[tuple[Stack, Model]]:
    """Run a separate system, with these settings over the usual ones; the test can stop and start `topic`."""
    containers = ("images", *filter(None, settings.get("IMAGES_MORE_CONTAINERS", "").split(",")))
    topic_url = topic.endpoint if topic else None
    with (
        serve(Script()) as model,
        Stack(
            ROOT,
            state,
            SETTINGS | dict(settings),
            model_url=model.url,
            route=route,
            containers=containers,
            topic_url=topic_url,
            extensions=Path(program) if (program := os.environ.get("EXTENSIONS_HOST")) else None,
        ) as stack,
    ):
        if topic:
            topic.certificate = stack.storage.certificate
        yield stack, model


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Model]]:
    with started(tmp_path_factory.mktemp("line")) as parts:
        yield parts


@pytest.fixture(scope="session")
async def system(running: tuple[Stack, Model]) -> AsyncIterator[System]:
    stack, model = running
    async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
        made = System(stack, model, blobs, queues)
        model.script.always(made.answer)
        yield made
