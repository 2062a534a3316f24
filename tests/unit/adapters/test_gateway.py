"""The outcomes of other pictures distinguish a gateway that blocks one picture from a server that refuses all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from describer.adapters.chat.faults import Blocked
from describer.adapters.chat.gateway import Gateway
from describer.domain.errors import DescriberError, Filtered, Misconfigured, NoUsableAnswer, Transient
from tests.fakes import give_way

BLOCK = Blocked(403, "The model's server answered 403")


@dataclass
class Server:
    """Blocks given pictures; `down` blocks the harmless one too, and `probe_fault` is its error."""

    gateway: Gateway
    blocked: set[str] = field(default_factory=set)
    down: bool = False
    probe_fault: DescriberError | None = None
    asked: list[str] = field(default_factory=list)
    block: Blocked = BLOCK

    def _ask(self, picture: str) -> Callable[[], Awaitable[str]]:
        async def ask() -> str:
            await give_way()
            self.asked.append(picture)
            if picture == "harmless" and self.probe_fault:
                raise self.probe_fault
            if self.down or picture in self.blocked:
                raise self.block
            return picture

        return ask

    async def describe(self, picture: str) -> str:
        return await self.gateway.passed(picture, self._ask(picture), self._ask("harmless"))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Server:
    return Server(Gateway(last=3, window=60, pause=0, clock=clock))


async def test_without_others_a_harmless_picture_shows_that_one_is_blocked(server: Server) -> None:
    server.blocked = {"one"}
    with pytest.raises(Filtered, match="not others"):
        await server.describe("one")
    assert server.asked == ["one", "harmless", "one"]


async def test_while_the_harmless_picture_is_blocked_too_no_picture_ends(server: Server) -> None:
    server.down = True
    for _ in range(20):
        with pytest.raises(Misconfigured):
            await server.describe("one")
    server.down = False
    assert await server.describe("one") == "one"


async def test_a_server_that_refuses_all_does_not_get_the_harmless_picture_each_time(server: Server) -> None:
    server.down = True
    for number in range(20):
        with pytest.raises(Misconfigured):
            await server.describe(f"picture {number}")
    assert server.asked.count("harmless") < 10


async def test_an_answer_from_before_says_nothing(server: Server, clock: Clock) -> None:
    """The role is taken away while one picture is left: it would end by the answers that others had before."""
    for name in ("a", "b", "c"):
        await server.describe(name)
    server.down = True
    for _ in range(10):
        clock.now += 10
        with pytest.raises(Misconfigured):
            await server.describe("last")


async def test_others_that_are_answered_meanwhile_spare_the_harmless_picture(server: Server) -> None:
    server.blocked = {"one"}
    blocks, others = server._ask("one"), ["a", "b"]

    async def ask() -> str:
        if others:
            await server.describe(others.pop())
        return await blocks()

    with pytest.raises(Filtered):
        await server.gateway.passed("one", ask, server._ask("harmless"))
    assert "harmless" not in server.asked


async def test_blocks_of_others_alone_end_no_picture(server: Server, clock: Clock) -> None:
    """Three that are blocked one after the other are each judged by the harmless one, or by who was answered."""
    server.blocked = {"one", "two", "three"}
    for name in ("one", "two", "three"):
        with pytest.raises(Filtered):
            await server.describe(name)
    assert await server.describe("four") == "four"


async def test_a_harmless_picture_with_another_fault_decides_nothing(server: Server) -> None:
    server.blocked, server.probe_fault = {"one"}, Transient("429", retry_after=7)
    with pytest.raises(Transient) as caught:
        await server.describe("one")
    assert (caught.value.counts_as_attempt, caught.value.retry_after) == (False, 7)


async def test_where_one_try_is_allowed_one_is_made(server: Server, clock: Clock) -> None:
    server.gateway, server.blocked = Gateway(max_attempts=1, clock=clock), {"one"}
    with pytest.raises(Filtered):
        await server.describe("one")
    assert server.asked == ["one", "harmless"]


async def test_a_failing_backend_is_no_filter(server: Server) -> None:
    server.blocked, server.block = {"one"}, Blocked(424, "The model's server answered 424")
    with pytest.raises(NoUsableAnswer, match="424"):
        await server.describe("one")


async def test_an_old_block_of_the_harmless_picture_is_forgotten(server: Server, clock: Clock) -> None:
    server.down = True
    with pytest.raises(Misconfigured):
        await server.describe("one")
    server.down, server.blocked = False, {"one"}
    with pytest.raises(Misconfigured):
        await server.describe("one")
    clock.now += 61
    with pytest.raises(Filtered):
        await server.describe("one")
