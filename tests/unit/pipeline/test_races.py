"""Whatever happens while pictures are worked on, in whatever order: each picture's last event puts all right."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Skip
from tests.unit.conftest import Harness

REFS = [ImageRef("images", f"{number}.jpg") for number in range(3)]


class People:
    """They upload, tag, describe, delete and rename, by the dice."""

    def __init__(self, harness: Harness, dice: random.Random) -> None:
        self.images = harness.images
        self.dice = dice

    async def act(self) -> None:
        for _ in range(self.dice.randrange(6)):
            await asyncio.sleep(0)
            ref, roll = self.dice.choice(REFS), self.dice.random()
            blob = self.images.blobs.get(ref)
            if roll < 0.15:
                self.images.put(ref, self.dice.choice([b"a", b"b"]))
            elif blob and roll < 0.3:
                self.images.tag(ref, shelf=str(roll))
            elif blob and roll < 0.37:
                self.images.tag(ref, alt_text=f"Tom {blob.data.decode()}")
            elif blob and roll < 0.42:
                del self.images.blobs[ref]
            elif blob and roll < 0.5:
                self.images.put(self.dice.choice(REFS), blob.data, **self.images.blobs.pop(ref).metadata)


def _between(
    people: People, write: Callable[..., Coroutine[Any, Any, StoredRecord]]
) -> Callable[..., Coroutine[Any, Any, StoredRecord]]:
    async def written(ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        await people.act()
        stored = await write(ref, record, replaces=replaces)
        await people.act()
        return stored

    return written


def _without_threads(dice: random.Random) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def run[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(dice.randrange(20)):
            await asyncio.sleep(0)
        return function(*args, **kwargs)

    return run


@pytest.mark.parametrize("first", range(0, 600, 100))
async def test_any_order_of_things_ends_in_the_right_record(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads end when the dice say so: by the machine's speed, a seed would not be the same order twice."""
    for seed in range(first, first + 100):
        harness, dice = Harness(), random.Random(seed)  # noqa: S311 - dice
        monkeypatch.setattr(asyncio, "to_thread", _without_threads(random.Random(seed)))  # noqa: S311 - dice
        people = People(harness, dice)
        for ref in REFS:
            harness.images.put(ref, b"a")
        quiet = harness.model.meanwhile, harness.records.write
        harness.model.meanwhile = people.act
        harness.records.write = _between(people, harness.records.write)  # type: ignore[method-assign]
        arrivals = [dice.choice(REFS) for _ in range(9)]
        await asyncio.gather(*(harness.delivery.handle_upload(ref.container, ref.name) for ref in arrivals))
        harness.model.meanwhile, harness.records.write = quiet  # type: ignore[method-assign]
        await _all_is_right(harness, seed)
        await _nothing_stays_of_what_goes(harness, seed)


async def _all_is_right(harness: Harness, seed: int) -> None:
    for ref, blob in list(harness.images.blobs.items()):
        by_person = blob.metadata.get("alt_text") == f"Tom {blob.data.decode()}"
        await harness.delivery.handle_upload(ref.container, ref.name)
        stored, metadata = harness.records.stored[ref], harness.metadata(ref)
        assert stored.record.source.sha256 == hashlib.sha256(blob.data).hexdigest(), seed
        assert metadata["description_record"] == stored.etag.strip('"'), seed
        assert not by_person or metadata["alt_text"].startswith("Tom"), seed
        assert isinstance(await harness.describe(ref), Skip), seed


async def _nothing_stays_of_what_goes(harness: Harness, seed: int) -> None:
    harness.images.blobs.clear()
    for ref in REFS:
        await harness.delivery.handle_upload(ref.container, ref.name)
    assert not harness.records.shared, seed
    assert all("Tom" in stored.record.to_json().decode() for stored in harness.records.stored.values()), seed
