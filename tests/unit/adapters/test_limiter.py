"""How the limiter keeps to quotas: the stand-in's count, in virtual time, with calls that overtake each other."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from describer.adapters.chat.limiter import MAX_WAIT_SECONDS, Limiter, NoTurn, request_leaves
from describer.adapters.chat.quota import FIRST, Quota
from describer.domain.errors import Transient
from describer.pipeline.call_context import UPLOAD_SECONDS, entered
from describer.pipeline.weighted_semaphore import Priority
from local.azure_openai.quota import Grant
from local.azure_openai.quota import Quota as Served
from tests.virtual import run

CALLER, UPLOAD, LIBRARY = Priority.INTERACTIVE, Priority.BACKGROUND, Priority.LIBRARY
THINKS = 1.0


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Server:
    """A deployment, asked by processes that each have a limiter of their own."""

    quota: Served
    shows: Callable[[Grant], Grant] = lambda grant: grant
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - to be the same each time
    calls: int = 0
    refused: int = 0
    answered: int = 0

    async def ask(self, limiter: Limiter, patience: float = 1e9, priority: Priority = CALLER) -> None:
        """Asks until there is an answer, as the client does."""
        while True:
            async with limiter.turn(priority, patience) as turn:
                self.calls += 1
                await asyncio.sleep(0.02 * self.chance.random())
                grant = self.shows(self.quota.take(0))
                if grant.retry_after is None:
                    await asyncio.sleep(THINKS * self.chance.uniform(0.9, 1.1))
                    turn.answered(grant.headers)
                    self.answered += 1
                    return
                self.refused += 1
                turn.rate_limited(grant.headers, grant.retry_after)

    async def work(self, pictures: int, *, processes: int, at_once: int) -> float:
        """Has pictures described by processes that take them from one queue; gives the seconds."""
        left = list(range(pictures))

        async def worker(limiter: Limiter) -> None:
            while left:
                left.pop()
                await self.ask(limiter)

        async def process() -> None:
            await asyncio.sleep(0.3 * self.chance.random() if processes > 1 else 0)
            limiter = Limiter(at_once, Quota(chance=self.chance.random))
            await asyncio.gather(*(worker(limiter) for _ in range(at_once)))

        await asyncio.gather(*(process() for _ in range(processes)))
        return _now()


def _server(per_minute: int, shows: Callable[[Grant], Grant] = lambda grant: grant, **options: Any) -> Server:
    return Server(Served(10**9, per_minute, _now, **options), shows)


def worked(pictures: int, *, processes: int, at_once: int, per_minute: int, **options: Any) -> tuple[Server, float]:
    """A server after the work, and the seconds that it took."""

    async def main() -> tuple[Server, float]:
        server = _server(per_minute, **options)
        return server, await server.work(pictures, processes=processes, at_once=at_once)

    return run(main())


@pytest.mark.parametrize("counts_throttled", [True, False])
@pytest.mark.parametrize(
    ("pictures", "per_minute", "window", "least"),
    [(600, 600, 10.0, 52.0), (100, 60, 10.0, 91.0), (120, 600, 1.0, 12.0)],
)
def test_one_process_uses_a_quota_up_and_is_hardly_refused(
    pictures: int, per_minute: int, window: float, least: float, *, counts_throttled: bool
) -> None:
    """`least`: all windows but the last, and the model's seconds for the last one, 64 at a time.

    What may be sent is known two answers later, which in windows of a second is two of them."""
    server, seconds = worked(
        pictures, processes=1, at_once=64, per_minute=per_minute, window=window, counts_throttled=counts_throttled
    )
    assert server.answered == pictures
    assert server.refused <= (0.02 if window == 10 else 0.03) * server.calls
    assert seconds <= 1.05 * least + 2 * THINKS * (window < 10)


@pytest.mark.parametrize("counts_throttled", [True, False])
def test_processes_that_know_nothing_of_each_other_share(*, counts_throttled: bool) -> None:
    server, seconds = worked(600, processes=4, at_once=16, per_minute=600, counts_throttled=counts_throttled)
    assert server.answered == 600
    assert server.refused <= 0.05 * server.calls
    assert seconds <= 1.25 * 51


def test_without_headers_the_quota_is_learned_from_refusals() -> None:
    def bare(grant: Grant) -> Grant:
        return Grant({}, grant.retry_after)

    server, seconds = worked(600, processes=1, at_once=64, per_minute=600, shows=bare)
    assert server.answered == 600
    assert server.refused <= 0.15 * server.calls
    assert seconds <= 80


def test_without_a_quota_no_call_waits_after_the_first_answer() -> None:
    def silent(_: Grant) -> Grant:
        return Grant({}, None)

    server, seconds = worked(640, processes=1, at_once=64, per_minute=1, shows=silent)
    assert server.calls == 640
    assert seconds <= 13


@pytest.mark.parametrize("priority", [UPLOAD, LIBRARY])
def test_a_long_wait_is_refused_at_once_with_a_different_time_for_each_call(priority: Priority) -> None:
    async def main() -> list[float]:
        limiter, server = Limiter(64, Quota(chance=lambda: 0.0)), _server(60)
        await asyncio.gather(*(server.ask(limiter) for _ in range(10)))
        async with limiter.turn(CALLER, 60) as turn:
            turn.rate_limited({}, 75.0)
        told = []
        for _ in range(25):
            with pytest.raises(NoTurn, match="429") as caught:
                async with limiter.turn(priority, 30):
                    pass
            told.append(caught.value.retry_after or 0.0)
        assert limiter.deferral() is not None
        return told

    told = run(main())
    assert 59 <= told[0] <= 61  # it waits for the last quarter of a minute in the app
    assert told == sorted(told) and told[-1] > told[0] + 10


def test_callers_come_before_uploads_where_the_quota_is_short() -> None:
    async def main() -> list[str]:
        server, limiter, done = _server(60), Limiter(64, Quota(chance=lambda: 0.0)), list[str]()
        await asyncio.gather(*(server.ask(limiter) for _ in range(10)))

        async def ask(name: str, priority: Priority) -> None:
            await server.ask(limiter, 100, priority)
            done.append(name)

        uploads = [asyncio.create_task(ask("upload", UPLOAD)) for _ in range(8)]
        await asyncio.sleep(0)
        callers = [asyncio.create_task(ask("caller", CALLER)) for _ in range(8)]
        await asyncio.gather(*uploads, *callers)
        return done

    assert run(main())[:10].count("caller") == 8


def test_while_the_server_fails_one_call_at_a_time_tries_it() -> None:
    """40 pictures, and a server that fails for a minute: what is asked of it, and when all is done."""

    async def main() -> tuple[int, float]:
        limiter, calls = Limiter(32), 0

        async def picture() -> None:
            nonlocal calls
            while True:
                try:
                    async with limiter.turn(UPLOAD, 30) as turn:
                        calls += 1
                        await asyncio.sleep(0.01)
                        if _now() < 60:
                            turn.failed()
                            continue
                        await asyncio.sleep(1)
                        turn.answered({})
                        return
                except Transient as fault:
                    await asyncio.sleep(fault.retry_after or 10)

        await asyncio.gather(*(picture() for _ in range(40)))
        return calls, _now()

    calls, ended = run(main())
    assert calls <= 80
    assert ended <= 75


def delivered(uploads: int, per_minute: int, *, polls: float = 5.0) -> tuple[Server, float]:
    """Return the server and the seconds, if the host hands over 62 uploads and 24 messages at a time.

    What is deferred returns by a queue: after its delay, a little jitter, and the wait until the queue is polled.
    """

    async def main() -> tuple[Server, float]:
        server, limiter = _server(per_minute), Limiter(32, Quota(chance=lambda: 0.0))
        by_trigger, by_queue = asyncio.Semaphore(62), asyncio.Semaphore(24)

        async def one_try(*, deferred: bool) -> float | None:
            with entered(UPLOAD_SECONDS, UPLOAD) as call:
                call.deferred = deferred
                try:
                    if later := limiter.deferral():
                        raise later
                    await server.ask(limiter, MAX_WAIT_SECONDS, UPLOAD)
                except NoTurn as fault:
                    return fault.retry_after or 10.0
            return None

        async def deliver() -> None:
            async with by_trigger:
                delay = await one_try(deferred=False)
            while delay is not None:
                await asyncio.sleep(delay + server.chance.uniform(0, 2) + server.chance.uniform(0, polls))
                async with by_queue:
                    delay = await one_try(deferred=True)

        await asyncio.gather(*(deliver() for _ in range(uploads)))
        return server, _now()

    return run(main())


@pytest.mark.parametrize(("uploads", "per_minute", "least"), [(100, 60, 91.0), (300, 60, 291.0), (1200, 600, 111.0)])
def test_deferred_work_is_back_when_the_quota_becomes_free(uploads: int, per_minute: int, least: float) -> None:
    server, seconds = delivered(uploads, per_minute)
    assert server.answered == uploads
    assert server.refused <= 5
    assert seconds <= 1.05 * least


@pytest.mark.parametrize("reports", [True, False])
def test_a_request_that_leaves_late_counts_from_then_on(*, reports: bool) -> None:
    """The first calls of a process sign in and connect, here for a second; the server counts what arrives."""

    async def main() -> int:
        served, limiter, refused = Served(10**9, 60, _now), Limiter(64, Quota(chance=lambda: 0.0)), 0

        async def ask(late: float) -> None:
            nonlocal refused
            async with limiter.turn(CALLER, 1e9) as turn:
                await asyncio.sleep(late)
                if reports:
                    request_leaves()
                grant = served.take(0)
                await asyncio.sleep(THINKS)
                refused += grant.retry_after is not None
                turn.answered(grant.headers)

        await asyncio.gather(*(ask(1.0 if number < FIRST else 0.0) for number in range(30)))
        return refused

    assert (run(main()) > 0) is not reports


class Edge(Quota):
    """A quota whose pause ends between two looks at the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = [1.0, 1.0, 1.0, 1.0, 1e-9]

    def wait(self, now: float, ahead: int = 0) -> float:
        """What is left of the pause."""
        del now, ahead
        return self.waits.pop(0) if self.waits else 0.0


def test_no_call_is_forgotten_if_the_pause_ends_between_two_reads_of_the_clock() -> None:
    async def main() -> float:
        async with asyncio.timeout(10), Limiter(8, Edge()).turn(CALLER, 100):
            return _now()

    assert run(main()) < 2


def test_an_answer_ends_the_pause_of_a_failing_server() -> None:
    async def main() -> float:
        limiter = Limiter(8)
        async with limiter.turn(UPLOAD, 30) as well, limiter.turn(UPLOAD, 30) as ill:
            ill.failed()
            well.answered({})
        async with limiter.turn(UPLOAD, 30):
            return _now()

    assert run(main()) < 1.1


def test_a_call_cancelled_before_its_turn_leaves_nothing_behind() -> None:
    async def main() -> None:
        limiter = Limiter(1)
        async with limiter.turn(UPLOAD, 30):
            waiting = asyncio.create_task(limiter.turn(UPLOAD, 30).__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        assert limiter.held == 0
        async with limiter.turn(UPLOAD, 0):
            assert limiter.held == 1

    run(main())


def test_before_anything_is_known_a_few_calls_are_sent() -> None:
    async def main() -> int:
        limiter, sent = Limiter(64), 0

        async def call() -> None:
            nonlocal sent
            async with limiter.turn(CALLER, 100):
                sent += 1
                await asyncio.sleep(5)

        tasks = [asyncio.create_task(call()) for _ in range(64)]
        await asyncio.sleep(1)
        seen = sent
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return seen

    assert run(main()) == FIRST


def test_a_quota_that_is_still_unknown_defers_no_upload() -> None:
    """64 uploads at once under a quota of 600 a minute: by the first share alone the last would wait a minute."""

    async def main() -> tuple[float, Transient | None]:
        server, limiter = _server(600), Limiter(64, Quota(chance=lambda: 0.0))
        await asyncio.gather(*(server.ask(limiter, 30, UPLOAD) for _ in range(64)))
        answered = _now()
        await asyncio.sleep(120)  # after which the estimate is forgotten
        await asyncio.gather(*(server.ask(limiter, 30, UPLOAD) for _ in range(64)))
        return answered, limiter.deferral()

    answered, deferred = run(main())
    assert answered < 15
    assert deferred is None
