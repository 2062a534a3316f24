"""Pictures that were there before the app are priced, described, capped and gone on with, by command line and app."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from azure.storage.blob.aio import BlobServiceClient

from local import environment
from local.azure_openai.script import Model, Script, describe, serve
from local.children import ROOT
from local.stack import Stack
from tests import pictures

PICTURES = 120
SETTINGS = {
    "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna",
    "RETRY_BASE_SECONDS": "1",
    "MODEL_TOKENS_PER_MINUTE": "30000",
    "RENDITIONS": "wordpress",
    "BATCH_DEPLOYMENT": "gpt-5.6-luna-batch",
}


@dataclass
class Museum:
    """An installation with pictures that raised no event."""

    stack: Stack
    model: Model
    blobs: BlobServiceClient

    async def hang(self, prefix: str, count: int = PICTURES) -> None:
        """Put pictures into the container, as they were before the app."""
        client = self.blobs.get_container_client("images")
        for start in range(0, count, 20):
            numbers = range(start, min(start + 20, count))
            await asyncio.gather(
                *(client.upload_blob(f"{prefix}/{n:04}.jpg", _picture(prefix, n), overwrite=True) for n in numbers)
            )

    async def describer(self, *arguments: str) -> asyncio.subprocess.Process:
        settings = {**self.stack.environment, **self.stack._app_settings()}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "describer", *arguments,
            cwd=ROOT, env={**environment.clean(), **settings},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def run(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command prints as lines of JSON, the last of which is the state at its end."""
        process = await self.describer(*arguments, "--json")
        out, err = await process.communicate()
        assert process.returncode in {0, 1}, err.decode()
        return [json.loads(line) for line in out.decode().splitlines()]

    async def marked(self, prefix: str) -> int:
        """How many pictures have their record."""
        blobs = self.blobs.get_container_client("images").list_blobs(f"{prefix}/", include=["metadata"])
        return len([1 async for blob in blobs if (blob.metadata or {}).get("description_record")])


def _picture(prefix: str, number: int) -> bytes:
    """A picture like no other: copies would share an answer."""
    return pictures.jpeg(300 + number, 150 + 10 * len(prefix))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Model]]:
    state = tmp_path_factory.mktemp("backfill")
    with serve(Script()) as model, Stack(ROOT, state, SETTINGS, model_url=model.url, route=None) as stack:
        yield stack, model


@pytest.fixture
async def museum(parts: tuple[Stack, Model]) -> AsyncIterator[Museum]:
    stack, model = parts
    model.script.always(describe)
    async with stack.storage.blob_service() as blobs:
        yield Museum(stack, model, blobs)


@pytest.mark.long
async def test_the_price_comes_first_and_then_all_are_described(museum: Museum) -> None:
    await museum.hang("all")
    asked = len(museum.model.requests)
    [priced] = await museum.run("backfill", "--prefix", "all/", "--dry-run")
    assert len(museum.model.requests) == asked, "a dry run asks the model nothing"
    seen = priced["preview"]
    assert (seen["pictures"], seen["with_sides"]) == (PICTURES, PICTURES)
    *_, last = await museum.run("backfill", "--prefix", "all/", "--yes")
    assert (last["state"], last["enqueued"], last["outcomes"]) == ("finished", PICTURES, {"described": PICTURES})
    assert await museum.marked("all") == PICTURES
    assert seen["usd"][0] <= last["usd"] <= seen["usd"][2]
    *_, again = await museum.run("backfill", "--prefix", "all/", "--yes")
    assert again["preview"]["pictures"] == 0


@pytest.mark.long
async def test_a_killed_one_goes_on(museum: Museum) -> None:
    await museum.hang("killed")
    process = await museum.describer("backfill", "--prefix", "killed/", "--yes", "--json")
    assert process.stdout
    while not json.loads(await process.stdout.readline()).get("enqueued"):
        pass
    process.send_signal(signal.SIGKILL)
    await process.wait()
    *_, last = await museum.run("backfill", "continue")
    assert (last["state"], last["enqueued"], last["ended"]) == ("finished", PICTURES, PICTURES)
    assert await museum.marked("killed") == PICTURES


@pytest.mark.long
async def test_a_cap_of_pictures_holds_and_the_app_goes_on_by_itself(museum: Museum) -> None:
    await museum.hang("atcap")
    *_, last = await museum.run("backfill", "--prefix", "atcap/", "--yes", "--max-pictures", "30")
    assert (last["state"], last["enqueued"]) == ("capped", 30)
    await museum.run("backfill", "continue", "--max-pictures", "1000", "--in-app")
    deadline = time.monotonic() + 60
    while (state := (await museum.run("backfill", "status"))[-1])["state"] == "running" and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
    assert (state["state"], state["ended"]) == ("finished", PICTURES)


async def test_by_http_it_is_priced_begun_watched_and_ends(museum: Museum) -> None:
    await museum.hang("http", 30)
    where = museum.stack.addresses
    key = {"x-functions-key": where.function_key}
    async with httpx2.AsyncClient(base_url=where.http, headers=key, trust_env=False, timeout=60) as client:

        async def until_it_ends(answer: httpx2.Response) -> Any:
            assert answer.status_code == 202, answer.text
            place, deadline = answer.headers["location"], time.monotonic() + 60
            while (told := (await client.get(place)).json())["state"] in {"pricing", "running"}:
                assert time.monotonic() < deadline, f"it does not end: {told}"
                await asyncio.sleep(0.5)
            return told

        priced = await until_it_ends(await client.post("/api/backfills", json={"prefix": "http/"}))
        assert (priced["state"], priced["preview"]["pictures"], priced["enqueued"]) == ("priced", 30, 0)
        asked = {"prefix": "http/", "dry_run": False, "max_usd": 5}
        done = await until_it_ends(await client.post("/api/backfills", json=asked))
        assert (done["state"], done["outcomes"]) == ("finished", {"described": 30})
        assert await museum.marked("http") == 30
        assert (await client.delete("/api/backfills/latest")).json() == done, "there is nothing left to stop"
        assert (await client.get("/api/backfills/latest", headers={"x-functions-key": "wrong"})).status_code == 401


async def test_sizes_that_a_content_system_derived_get_the_texts_of_their_originals(museum: Museum) -> None:
    sides = {"150x150": (150, 150), "300x225": (301, 225), "1024x768": (1024, 769)}
    client = museum.blobs.get_container_client("images")
    for name, (width, height) in sides.items():
        await client.upload_blob(f"uploads/harbour-{name}.jpg", pictures.jpeg(width, height))
    await client.upload_blob("uploads/harbour.jpg", pictures.jpeg(1600, 1201))
    await client.upload_blob("uploads/plan-2000x1500.jpg", pictures.jpeg(2000, 1501))
    asked = len(museum.model.requests)
    [priced, *_, last] = await museum.run("backfill", "--prefix", "uploads/", "--yes")
    assert (priced["preview"]["pictures"], priced["preview"]["derived"]) == (5, {"wordpress": 3})
    assert sum(last["outcomes"].values()) == 5
    assert len(museum.model.requests) == asked + 2
    assert await museum.marked("uploads") == 5


@pytest.mark.long
async def test_by_batches_the_app_describes_at_half_of_the_price(museum: Museum) -> None:
    await museum.hang("half", 20)
    [priced] = await museum.run("backfill", "--prefix", "half/", "--dry-run")
    await museum.run("backfill", "--prefix", "half/", "--batch", "--yes", "--in-app")
    deadline = time.monotonic() + 240
    while (state := (await museum.run("backfill", "status"))[-1])["state"] == "running" and time.monotonic() < deadline:
        await asyncio.sleep(2)
    assert (state["state"], state["outcomes"]) == ("finished", {"described": 20})
    assert await museum.marked("half") == 20
    assert state["usd"] <= priced["preview"]["usd"][2] / 2
