"""The app runs its smoke test end to end: a message in, a log event out, and nothing left behind."""

from hashlib import sha256
from typing import Any

from describer.operations.smoke_image import FAILED, PASSED, WIDTH, SmokeImage
from local.azure_openai import faults
from tests.end_to_end.conftest import System
from tests.storage import unique, until


async def _asked(system: System, event: str) -> tuple[str, dict[str, Any]]:
    """Sends a message as an operator does, and waits for the answer."""
    token = unique("smoke")
    await system.queues.get_queue_client("smoke-tests").send_message(token)
    facts = await until(lambda: [facts for facts in system.log(event) if facts["token"] == token])
    return token, facts[0]


async def _left(system: System, token: str) -> list[str]:
    """Names of blobs that the smoke test has left."""
    digest = sha256(SmokeImage(token).draw()).hexdigest()
    found: list[str] = []
    for container in ("images", "descriptions"):
        found += [name async for name in system.blobs.get_container_client(container).list_blob_names()]
    return [name for name in found if token in name or digest in name]


async def test_a_message_runs_the_smoke_test_and_nothing_stays(system: System) -> None:
    token, facts = await _asked(system, PASSED)
    assert facts["status"] == "described"
    assert facts["seconds"] < 20
    assert await _left(system, token) == []
    assert token not in "".join(await system.poisoned())


async def test_a_model_that_gives_no_answer_fails_the_smoke_test(system: System) -> None:
    system.rules[WIDTH] = faults.content_filter_prompt()
    try:
        token, facts = await _asked(system, FAILED)
    finally:
        del system.rules[WIDTH]
    assert facts["status"] == "filtered"
    assert facts["reason"]
    assert await _left(system, token) == []
