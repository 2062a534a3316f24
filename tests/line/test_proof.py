"""The app proves its own wiring on the whole line: a message in, a log event out, and nothing left behind."""

from hashlib import sha256
from typing import Any

from describer.operations.smoke_image import FAILED, PROVED, WIDTH, SmokeImage
from local.azure_openai import faults
from tests.line.conftest import Line
from tests.storage import unique, until


async def _asked(line: Line, event: str) -> tuple[str, dict[str, Any]]:
    """Sends a message as an operator does, and waits for the answer."""
    token = unique("proof")
    await line.queues.get_queue_client("smoke-tests").send_message(token)
    facts = await until(lambda: [facts for facts in line.log(event) if facts["proof"] == token])
    return token, facts[0]


async def _left(line: Line, token: str) -> list[str]:
    """Names of blobs that the proof has left."""
    digest = sha256(SmokeImage(token).draw()).hexdigest()
    found: list[str] = []
    for container in ("images", "descriptions"):
        found += [name async for name in line.blobs.get_container_client(container).list_blob_names()]
    return [name for name in found if token in name or digest in name]


async def test_a_message_proves_the_wiring_and_nothing_stays(line: Line) -> None:
    token, facts = await _asked(line, PROVED)
    assert facts["status"] == "described"
    assert facts["seconds"] < 20
    assert await _left(line, token) == []
    assert token not in "".join(await line.poisoned())


async def test_a_model_that_gives_no_answer_fails_the_proof(line: Line) -> None:
    line.rules[WIDTH] = faults.content_filter_prompt()
    try:
        token, facts = await _asked(line, FAILED)
    finally:
        del line.rules[WIDTH]
    assert facts["status"] == "filtered"
    assert facts["reason"]
    assert await _left(line, token) == []
