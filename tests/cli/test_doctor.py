"""The doctor finds each fault of an installation by its own name and says what to do; `show` shows what is there."""

import asyncio
from typing import Any

import pytest

from local.azure_openai.script import Model
from local.sink import Topic
from local.storage import Storage
from tests.cli.conftest import Done, Shell, jpeg

UNKNOWN = {"model: where pictures are processed", "event subscription"}
NOBODY = "127.0.0.1:1"


def failed(done: Done) -> dict[str, dict[str, Any]]:
    return {line["name"]: line for line in done.lines if line["verdict"] == "failed"}


async def test_a_whole_installation_is_well(installation: Shell, storage: Storage, topic: Topic) -> None:
    done = await installation.run("doctor", "--json")
    assert (done.code, done.err) == (0, "describe: ready; --write: ready.\n"), done.out
    verdicts = {line["name"]: line["verdict"] for line in done.lines}
    assert {name for name, verdict in verdicts.items() if verdict != "ok"} == UNKNOWN
    assert len(verdicts) == 14
    shown = {line["name"]: line["found"] for line in done.lines}
    assert storage.identity.client_id in shown["identity: storage"]
    assert "ManagedIdentityCredential" in shown["identity: storage"]
    assert "Sweden Central" in shown["model"]
    assert topic.events == []
    assert storage.identity.secret not in done.out
    async with storage.blob_service() as blobs:
        for setting in ("IMAGES_CONTAINER", "DESCRIPTIONS_CONTAINER"):
            container = blobs.get_container_client(installation.settings[setting])
            assert [blob.name async for blob in container.list_blobs()] == []


@pytest.mark.long
async def test_each_fault_is_found_alone(installation: Shell) -> None:
    deployment, container, topic, queue = await asyncio.gather(
        installation.run("doctor", "--json", AZURE_OPENAI_DEPLOYMENT="gpt-5.6-absent", MODEL_FAMILY="gpt-5.6-luna"),
        installation.run("doctor", "--json", DESCRIPTIONS_CONTAINER="no-such-container"),
        installation.run("doctor", "--json", EVENTS_TOPIC_ENDPOINT=f"https://{NOBODY}/api/events"),
        installation.run("doctor", "--json", AzureWebJobsStorage__queueServiceUri=f"https://{NOBODY}/host"),
    )
    for done, names, found, advice in (
        (deployment, {"model"}, "DeploymentNotFound", "deployment list"),
        (container, {"storage: container no-such-container"}, "ContainerNotFound", "az storage container create"),
        (topic, {"topic"}, "cannot be reached", "EVENTS_TOPIC_ENDPOINT"),
        (
            queue,
            {"storage: queue image-work", "storage: queue dead-letter-queue", "storage: queue unpublished-events"},
            "cannot be reached",
            "AzureWebJobsStorage__queueServiceUri",
        ),
    ):
        assert (done.code, set(failed(done))) == (3, names), done.out
        for line in failed(done).values():
            assert found in line["found"] and advice in line["advice"]


@pytest.mark.long
async def test_a_missing_deployment_and_a_missing_sign_in_are_reported_in_plain_words(
    installation: Shell, model: Model
) -> None:
    model.down()
    gone, nobody = await asyncio.gather(installation.run("doctor"), installation.run("doctor", IDENTITY_HEADER="wrong"))
    assert gone.code == 3
    assert "cannot be reached" in " ".join(gone.out.split())
    assert nobody.code == 3
    assert "No token for https://storage.azure.com/.default" in nobody.out
    assert nobody.out.count("See the check of the identity.") == 7


async def test_with_half_the_settings_the_rest_is_looked_at(shell: Shell) -> None:
    done = await shell.here("doctor", "--json", IMAGES__blobServiceUri=f"https://{NOBODY}/images")
    faults = [line["found"] for line in done.lines if line["name"] == "settings"]
    assert (done.code, len(faults), faults[0][:28]) == (3, 4, "IMAGES_CONTAINER is not set;"), faults
    in_a_pipe = await shell.here("doctor", IMAGES__blobServiceUri=f"https://{NOBODY}/images")
    assert [line.split("\t")[1] for line in in_a_pipe.out.splitlines()][:3] == ["settings"] * 3
    assert {line["name"]: line["verdict"] for line in done.lines}["model"] == "ok"
    assert done.err == "describe: ready; --write: not ready.\n"
    wrong = await shell.here("doctor", "--json", MAX_ATTEMPTS="many")
    assert (wrong.code, wrong.err) == (3, "describe: not ready; --write: not ready.\n")
    assert {line["name"] for line in wrong.lines} == {"settings"}
    assert [line["found"][:12] for line in wrong.lines].count("MAX_ATTEMPTS") == 1


async def test_with_only_a_model_describe_is_ready(shell: Shell, model: Model) -> None:
    done = await shell.here("doctor")
    assert (done.code, done.err) == (0, "describe: ready; --write: not configured.\n")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[:2] for row in rows] == [["ok", "settings"], ["ok", "model"]]
    model.down()
    gone = await shell.here("doctor")
    assert (gone.code, gone.err) == (3, "describe: not ready; --write: not configured.\n")


async def test_an_invalid_connection_string_is_reported_without_its_value(shell: Shell) -> None:
    strings = {"IMAGES": "AccountKey-secret", "AzureWebJobsStorage": "x;secret=;", "IMAGES_CONTAINER": "images"}
    done = await shell.here("doctor", "--json", **strings)
    assert (done.code, set(failed(done))) == (3, {"storage: IMAGES", "storage: AzureWebJobsStorage"}), done.out
    assert {line["name"]: line["verdict"] for line in done.lines}["model"] == "ok"
    assert "secret" not in done.out + done.err


@pytest.mark.long
async def test_a_blob_is_described_and_its_record_shown(installation: Shell, storage: Storage, topic: Topic) -> None:
    container = installation.settings["IMAGES_CONTAINER"]
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(container, "pets/cat.jpg").upload_blob(jpeg(290))
    absent, dry = await asyncio.gather(
        installation.run("show", f"{container}/pets/cat.jpg"),
        installation.run("describe", "--container", container, "pets/cat.jpg", "pets/dog.jpg", "--json", "--ordered"),
    )
    assert absent.code == 1
    assert absent.err.startswith(f"There is no record of {container}/pets/cat.jpg. If it was just uploaded, wait")
    assert (dry.code, [line["status"] for line in dry.lines]) == (1, ["described", "absent"])
    written = await installation.run("describe", "--container", container, "pets/cat.jpg", "--write")
    assert written.code == 0, written.err
    assert len(topic.events) == 1
    shown, table = await asyncio.gather(
        installation.run("show", f"{container}/pets/cat.jpg", "--json"),
        installation.run("show", f"{container}/pets/cat.jpg", AZURE_OPENAI_ENDPOINT="", AZURE_OPENAI_DEPLOYMENT=""),
    )
    assert (shown.code, shown.lines[0]["source"]["width"]) == (0, 290)
    assert (table.code, "A test picture of 290 by 100 pixels" in table.out) == (0, True)


async def test_the_model_alone_needs_no_other_settings(shell: Shell, model: Model) -> None:
    done = await shell.here("doctor", "--only", "model", "--json")
    assert (done.code, [line["name"] for line in done.lines]) == (0, ["model"])
    model.down()
    gone = await shell.here("doctor", "--only", "model", "--json")
    assert (gone.code, set(failed(gone))) == (3, {"model"})


async def test_a_mistyped_address_is_named(shell: Shell) -> None:
    shell.picture("a.jpg", jpeg(200))
    done = await shell.here("describe", "a.jpg", "--json", OPENAI_BASE_URL=f"http://{NOBODY}/v1")
    assert done.code == 4
    assert f"http://{NOBODY} (Connection refused); `describer doctor --only model`" in done.lines[0]["reason"]
