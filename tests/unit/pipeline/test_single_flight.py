"""The same question is asked once at a time, whatever becomes of it."""

import asyncio

import pytest

from describer.domain.errors import Transient
from describer.pipeline.single_flight import SingleFlight
from tests.fakes import give_way


class Asked:
    """Counts its calls; answers or raises when the test says so."""

    def __init__(self) -> None:
        self.times = self.waiting = 0
        self.fault: Exception | None = None
        self.released = asyncio.Event()
        self.flight: SingleFlight[str] = SingleFlight()

    async def ask(self) -> str:
        self.times += 1
        await self.released.wait()
        if self.fault:
            fault, self.fault = self.fault, None
            raise fault
        return f"answer {self.times}"

    def waits(self) -> None:
        self.waiting += 1

    async def callers(self, number: int) -> list[asyncio.Task[tuple[str, bool]]]:
        run = [asyncio.create_task(self.flight.run("key", self.ask, self.waits)) for _ in range(number)]
        await give_way()
        return run


async def test_all_get_the_first_ones_answer() -> None:
    asked = Asked()
    callers = await asked.callers(3)
    asked.released.set()
    assert await asyncio.gather(*callers) == [("answer 1", True), ("answer 1", False), ("answer 1", False)]
    assert (asked.times, asked.waiting) == (1, 2)
    assert await asked.flight.run("key", asked.ask, asked.waits) == ("answer 2", True)


async def test_all_fail_with_its_error() -> None:
    asked = Asked()
    asked.fault = Transient("no answer")
    callers = await asked.callers(3)
    asked.released.set()
    ends = await asyncio.gather(*callers, return_exceptions=True)
    assert [str(end) for end in ends] == ["no answer"] * 3
    assert asked.times == 1


async def test_after_a_bug_the_next_one_asks_itself() -> None:
    asked = Asked()
    asked.fault = KeyError("bug")
    callers = await asked.callers(3)
    asked.released.set()
    first, *others = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(first, KeyError)
    assert others == [("answer 2", True), ("answer 3", True)], "both had waited, and each sees to itself"


@pytest.mark.parametrize("leaves", [0, 1])
async def test_a_cancelled_caller_takes_no_answer_from_the_others(leaves: int) -> None:
    asked = Asked()
    callers = await asked.callers(3)
    callers.pop(leaves).cancel()
    for _ in range(3):
        await give_way()
    asked.released.set()
    async with asyncio.timeout(5):
        answers = {answer for answer, _ in await asyncio.gather(*callers)}
    assert answers == {"answer 2" if leaves == 0 else "answer 1"}
