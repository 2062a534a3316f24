"""A person corrects a stored record at the command line."""

import asyncio

import pytest
from azure.storage.blob.aio import BlobServiceClient

from local.sink import Topic
from local.storage import Storage
from tests.cli.conftest import Done, Shell, jpeg


async def _described(storage: Storage, shell: Shell) -> str:
    container = shell.settings["IMAGES_CONTAINER"]
    async with storage.blob_service() as blobs:
        await _upload(blobs, container)
    assert (await shell.run("describe", "--container", container, "cat.jpg", "--write")).code == 0
    return f"{container}/cat.jpg"


async def _upload(blobs: BlobServiceClient, container: str) -> None:
    await blobs.get_blob_client(container, "cat.jpg").upload_blob(jpeg(300))


@pytest.mark.long
async def test_a_text_is_set_announced_and_copied(storage: Storage, installation: Shell, topic: Topic) -> None:
    blob = await _described(storage, installation)
    done = await installation.run("set", blob, "--alt-text", "Tom, asleep.", "--json")
    [record] = _good(done).lines
    assert (record["alt_text"], record["review"], record["status"]) == ("Tom, asleep.", "edited", "kept")
    assert topic.events[-1]["type"] == "ImageDescriber.DescriptionEdited"
    async with storage.blob_service() as blobs:
        properties = await blobs.get_blob_client(*blob.split("/")).get_blob_properties()
    assert properties.metadata["alt_text"] == "Tom, asleep."


@pytest.mark.long
async def test_languages_reviews_and_undo(storage: Storage, installation: Shell) -> None:
    blob = await _described(storage, installation)
    [record] = _good(
        await installation.run("set", blob, "--alt-text", "Tom schläft.", "-l", "DE", "--approve", "--json")
    ).lines
    assert (record["translations"]["de"]["alt_text"], record["review"]) == ("Tom schläft.", "approved")
    [rejected] = (await installation.run("set", blob, "--reject", "--json")).lines
    assert (rejected["status"], rejected["demand"]) == ("needs_review", "text_rejected")
    [undone] = _good(await installation.run("set", blob, "--undo", "1", "--json")).lines
    assert (undone["alt_text"], undone["status"]) == (record["alt_text"], "kept")
    [decorative] = _good(await installation.run("set", blob, "--decorative", "--json")).lines
    assert (decorative["alt_text"], decorative["is_decorative"]) == ("", True)


@pytest.mark.long
async def test_what_cannot_be_set_is_refused_with_a_sentence(storage: Storage, installation: Shell) -> None:
    blob = await _described(storage, installation)
    cases: dict[tuple[str, ...], tuple[int, str]] = {
        ("set", blob): (2, "There is nothing to change"),
        ("set", blob, "--language", "de"): (2, "--language applies"),
        ("set", f"{blob} x", "--alt-text", "x"): (
            1,
            f"describe it with `describer describe --container {blob.partition('/')[0]} 'cat.jpg x' --write`",
        ),
        ("set", f"{blob}x", "--approve"): (1, f"There is no record of {blob}x"),
        ("set", "elsewhere/cat.jpg", "--approve"): (1, "This container is not watched."),
        ("set", blob, "--approve", "--if-match", "0x1"): (1, "The record has changed"),
    }
    found = await asyncio.gather(*(installation.run(*arguments) for arguments in cases))
    for done, (code, sentence) in zip(found, cases.values(), strict=True):
        assert (done.code, done.out) == (code, ""), sentence
        assert sentence in done.err


def _good(done: Done) -> Done:
    assert done.code == 0, done.err
    return done


@pytest.mark.long
async def test_reviewed_by_is_kept_only_with_the_setting(storage: Storage, installation: Shell) -> None:
    blob = await _described(storage, installation)
    options = ("set", blob, "--approve", "--reviewed-by", "staff-7", "--json")
    refused = await installation.run(*options)
    assert "REVIEWED_BY" in refused.err
    installation.settings["REVIEWED_BY"] = "true"
    [record] = _good(await installation.run(*options)).lines
    assert record["provenance"]["alt_text"]["reviewed_by"] == "staff-7"
