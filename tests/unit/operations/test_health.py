"""Every connection is looked at, beside the others, and none can hold up or break the rest."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from describer.app import App
from describer.domain.errors import DescriberError, Misconfigured, Transient
from describer.operations.health import check_all
from describer.pipeline.ports import ProbeResult, Verdict
from describer.settings import Settings
from tests.unit.test_settings import GOOD

FINE = ProbeResult(Verdict.OK, "Fine.")


@dataclass
class FakeProbe:
    name: str
    does: Callable[[], Awaitable[ProbeResult]]

    async def check(self) -> ProbeResult:
        return await self.does()


def raising(error: DescriberError) -> Callable[[], Awaitable[ProbeResult]]:
    async def check() -> ProbeResult:
        raise error

    return check


async def test_all_are_checked_at_once_and_reported_in_their_order() -> None:
    meeting = asyncio.Barrier(3)

    async def meet() -> ProbeResult:
        await meeting.wait()  # which nobody passes alone
        return FINE

    checks = await check_all([FakeProbe(name, meet) for name in "cab"])
    assert [(check.name, check.verdict) for check in checks] == [(name, Verdict.OK) for name in "cab"]
    assert all(0 <= check.seconds < 10 for check in checks)


async def test_what_takes_too_long_or_breaks_has_failed_and_the_rest_has_not() -> None:
    async def for_ever() -> ProbeResult:
        await asyncio.Event().wait()
        return FINE

    async def at_once() -> ProbeResult:
        return FINE

    slow, passing, faulty, good = await check_all(
        [
            FakeProbe("slow", for_ever),
            FakeProbe("passing", raising(Transient("It is busy"))),
            FakeProbe("faulty", raising(Misconfigured("A role is missing"))),
            FakeProbe("good", at_once),
        ],
        within=0.05,
    )
    assert (slow.verdict, slow.found) == (Verdict.FAILED, "There was no answer in 0.05 s.")
    assert (passing.verdict, passing.found) == (Verdict.FAILED, "It is busy.")
    assert (faulty.verdict, faulty.found) == (Verdict.FAILED, "A role is missing.")
    assert all(check.advice for check in (slow, passing, faulty))
    assert good.verdict is Verdict.OK


async def test_a_check_is_plain_json() -> None:
    (check,) = await check_all([FakeProbe("topic", raising(Transient("Gone")))])
    fields = json.loads(json.dumps(dataclasses.asdict(check)))
    assert fields.keys() == {"name", "verdict", "seconds", "found", "advice"}
    assert fields["verdict"] == "failed"


async def names(**settings: str) -> list[str]:
    app = App(Settings.read(GOOD | settings))
    found = [probe.name for probe in app.probes]
    await app.close()
    return found


async def test_every_connection_of_the_settings_is_looked_at() -> None:
    assert await names(IMAGES_MORE_CONTAINERS="archive", EVENTS_TOPIC_ENDPOINT="https://t.example/api/events") == [
        "settings",
        "identity: storage",
        "storage: container images",
        "storage: container archive",
        "storage: container descriptions",
        "storage: queue image-work",
        "storage: queue dead-letter-queue",
        "storage: queue unpublished-events",
        "identity: model",
        "model",
        "model: where pictures are processed",
        "topic",
        "event subscription",
    ]


async def test_what_needs_no_identity_asks_for_none() -> None:
    emulator = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=Zm9v;BlobEndpoint=http://127.0.0.1:1/a"
    local = {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "llava", "MODEL_PROVIDER": "openai"}
    found = await names(IMAGES=emulator, **local)
    assert not [name for name in found if name.startswith("identity")]
    assert "model: where pictures are processed" not in found
    assert "storage: queue unpublished-events" not in found


async def test_what_is_not_configured_is_not_looked_at() -> None:
    app = App(Settings.read({}, ()))
    assert [probe.name for probe in app.probes] == ["settings", "topic", "event subscription"]
    await app.close()
