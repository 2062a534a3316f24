"""What instances have taken of the daily budget: the fake and the blob on Azurite keep the same promises."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest
from azure.storage.blob.aio import ContainerClient

from describer.adapters.budget_ledger import BlobLedger
from describer.domain.errors import Misconfigured
from describer.operations.daily_budget import BudgetProbe
from describer.pipeline.daily_budget import Ledger
from describer.pipeline.ports import Verdict
from local.storage import Storage
from tests.fakes import FakeLedger
from tests.storage import unique

TODAY, TOMORROW = date(2026, 11, 28), date(2026, 11, 29)


@pytest.fixture
async def container(storage: Storage) -> AsyncIterator[ContainerClient]:
    async with storage.blob_service(storage.host) as blobs:
        made = await blobs.create_container(unique("budget"))
        yield made
        await made.delete_container()


@pytest.fixture(params=["fake", "blob"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return FakeLedger() if request.param == "fake" else BlobLedger(request.getfixturevalue("container"))


async def test_what_is_taken_adds_up(ledger: Ledger) -> None:
    assert await ledger.taken(TODAY) == 0
    assert await ledger.change(TODAY, lambda taken: taken + 0.5) == 0.5
    assert await ledger.change(TODAY, lambda taken: taken - 0.25) == -0.25
    assert await ledger.change(TODAY, lambda taken: taken) == 0
    assert await ledger.taken(TODAY) == 0.25


async def test_each_day_begins_at_nothing_and_the_last_one_is_over(ledger: Ledger) -> None:
    await ledger.change(TODAY, lambda taken: taken + 1)
    assert await ledger.taken(TOMORROW) == 0
    assert await ledger.change(TOMORROW, lambda taken: taken + 0.125) == 0.125
    assert await ledger.change(TODAY, lambda taken: taken + 1) == 0
    assert await ledger.taken(TOMORROW) == 0.125


async def test_nothing_is_lost_where_many_take_at_once(ledger: Ledger) -> None:
    grown = await asyncio.gather(*(ledger.change(TODAY, lambda taken: taken + 0.5) for _ in range(6)))
    assert sum(grown) == await ledger.taken(TODAY) == 3


async def test_a_missing_container_or_a_foreign_blob_in_it_is_reported(container: ContainerClient) -> None:
    await container.upload_blob("today.json", b'{"day": "today"}')
    with pytest.raises(Misconfigured, match="delete it"):
        await BlobLedger(container).taken(TODAY)
    await container.delete_blob("today.json")
    missing = BlobLedger(container)
    await container.delete_container()
    with pytest.raises(Misconfigured, match=r"Container(NotFound|BeingDeleted)"):
        await missing.change(TODAY, lambda taken: taken + 1)
    await container.create_container()


@pytest.mark.parametrize(("taken", "verdict"), [(0.0, Verdict.OK), (4.9, Verdict.OK), (4.96, Verdict.FAILED)])
async def test_the_doctor_says_what_is_left(taken: float, verdict: Verdict) -> None:
    ledger = FakeLedger()
    await ledger.change(TODAY, lambda _: taken)
    probe = BudgetProbe(5, ledger)
    ledger.day = probe.now().date()
    found = await probe.check()
    assert found.verdict is verdict
    assert f"{taken:.4f} of 5 USD" in found.found
    assert ("DAILY_BUDGET_USD" in found.advice) is (verdict is Verdict.FAILED)
