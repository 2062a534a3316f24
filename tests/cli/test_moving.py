"""Described pictures move to another account, sidecars first: nothing is asked for again, and every text is there."""

from dataclasses import replace

import pytest
from azure.storage.blob.aio import BlobServiceClient

from local.azure_openai.script import Model
from local.storage import Storage
from tests.cli.conftest import Shell, jpeg

NAMES = [f"{number}.jpg" for number in range(4)]
WRITTEN = "What a person wrote."


async def _move(source: BlobServiceClient, target: BlobServiceClient, container: str) -> None:
    """Copies the bytes alone, as rclone does between two accounts."""
    async for name in source.get_container_client(container).list_blob_names():
        data = await (await source.get_blob_client(container, name).download_blob()).readall()
        await target.get_blob_client(container, name).upload_blob(data)


@pytest.mark.long
async def test_moved_pictures_keep_their_texts_and_cost_nothing(
    storage: Storage, installation: Shell, model: Model
) -> None:
    container, sidecars = (installation.settings[f"{name}_CONTAINER"] for name in ("IMAGES", "DESCRIPTIONS"))
    work = ("describe", "--container", container, *NAMES, "--write", "--json", "--ordered")
    async with storage.blob_service() as old, storage.blob_service(storage.host) as new:
        for number, name in enumerate(NAMES):
            await old.get_blob_client(container, name).upload_blob(jpeg(300 + number))
        await installation.run(*work)
        await installation.run("set", f"{container}/{NAMES[0]}", "--alt-text", WRITTEN)
        for each in (sidecars, container):
            storage.create_container(each, storage.host)
            await _move(old, new, each)
        before = len(model.requests)
        done = await installation.run(*work)
        assert done.code == 0, done.out + done.err
        texts = [line["alt_text"] for line in done.lines]
        elsewhere = installation.settings | storage.connection("IMAGES", storage.host)
        moved = (await replace(installation, settings=elsewhere).run(*work)).lines
        assert [line["alt_text"] for line in moved] == texts
        assert (texts[0], len(set(texts))) == (WRITTEN, len(NAMES))
        assert len(model.requests) == before
        marked = await new.get_blob_client(container, NAMES[0]).get_blob_properties()
        assert marked.metadata["alt_text"] == WRITTEN
