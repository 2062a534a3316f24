"""Many at once: small pictures are queued and none is refused; large ones never take more memory than there is."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from local.azure_openai.access import Access
from local.azure_openai.answers import Answer, Fault, Request
from local.azure_openai.resource import Resource
from local.azure_openai.script import Script, describe, serve
from tests import generated

INSTANCE = 2048  # MiB, the default on Flex Consumption
HELD_IMAGES = 256 * 2**20  # HELD_IMAGES_MB, by default
LONGEST_STALL = 0.1  # of the event loop, in seconds
PARSINGS = 5  # of a call's JSON, as long as LONGEST_STALL on a machine that is not busy
CONCURRENCY = 50


def _slowly(request: Request) -> Answer | Fault:
    answer = describe(request)
    return replace(answer, delay=1.0) if isinstance(answer, Answer) else answer


def _measured(calls: int, size: int, program: str = "load") -> dict[str, Any]:
    values = json.loads((generated.ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    command = [sys.executable, "-m", f"tests.api.{program}", str(calls), str(size)]
    with serve(Script(default=_slowly), Resource(access=Access(api_key="key"))) as model:
        values |= {
            "MODEL_CONCURRENCY": str(CONCURRENCY),
            "AZURE_OPENAI_ENDPOINT": model.url,
            "AZURE_OPENAI_API_KEY": "key",
        }
        done = subprocess.run(
            command, cwd=generated.ROOT, env=values, capture_output=True, text=True, check=False, timeout=300
        )
    assert done.returncode == 0, done.stderr
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


@pytest.mark.long
def test_two_hundred_small_pictures_are_queued_and_none_is_refused() -> None:
    """How long each waits is measured by benchmarks/ondemand.py, on a quiet machine: here others take the cores."""
    measured = _measured(200, 0)
    assert set(measured["statuses"]) == {200}
    waves = 200 / CONCURRENCY  # the model takes a second for each
    assert waves <= max(measured["seconds"]) < 5 * waves


@pytest.mark.long
def test_fifty_pictures_of_twenty_megabytes_are_described_or_get_retry_after() -> None:
    measured = _measured(50, 20_000_000)
    assert set(measured["statuses"]) == {200, 429}
    assert measured["statuses"].count(200) >= 12
    assert measured["peak"] < INSTANCE


@pytest.mark.long
def test_twenty_pictures_of_forty_megabytes_by_mcp_stay_within_the_budget_and_stop_nothing() -> None:
    """A stall of the app's own comes every time. On a machine that is slow now, it may be as long as parsing says."""
    stalls = []
    for _ in range(3):
        measured = _measured(20, 40_000_000, "mcp_load")
        assert set(measured["answers"]) == {"described", "again"}
        assert measured["peak"] <= HELD_IMAGES + 150_000_000
        stalls.append(measured["stall"] / max(LONGEST_STALL, PARSINGS * measured["parsing"]))
        if stalls[-1] < 1:
            break
    assert min(stalls) < 1
