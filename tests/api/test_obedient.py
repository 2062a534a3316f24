"""No entry point returns an invisible character, whatever the model answers.

For the command line see tests/cli/test_obedient.py.
"""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from describer.domain import metadata
from describer.domain.image_blob import StoredRecord
from describer.entrypoints.mcp import Tools
from describer.pipeline.outcome_event import OutcomeEvent
from describer.vision.answer import Answer
from tests.api.conftest import Api
from tests.fakes import FREE_ANSWER, answer
from tests.unit.conftest import CAT

CASES: Final = Path(__file__).parents[1] / "cases" / "obedient.toml"
TEXTS: Final = tomllib.loads(CASES.read_text(encoding="utf-8"))["texts"]
UNSEEN: Final = (
    *((0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F)),
    *((0x3164, 0x3164), (0xE000, 0xF8FF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFF0, 0xFFFB), (0xE0000, 0xFFFFF)),
)
"""Controls, directions, tags, zero-width signs, selectors, separators and private use: first and last code points."""


def stray(text: str) -> list[str]:
    """Return the invisible characters of a text."""
    return [hex(ord(sign)) for sign in text if any(low <= ord(sign) <= high for low, high in UNSEEN)]


def saying(text: str) -> Answer:
    """An answer that has the text in every field."""
    said = answer()
    assert said.description
    texts = {"en": said.description.texts["en"].model_copy(update=dict.fromkeys(("alt_text", "description"), text))}
    update = {"texts": texts, "visible_text": text, "tags": (text,), "uncertainties": (text,)}
    return replace(said, model=f"luna {text}", description=said.description.model_copy(update=update))


@pytest.mark.parametrize("text", TEXTS, ids=range(1, len(TEXTS) + 1))
async def test_nothing_unseen_leaves_by_storage_event_http_or_mcp(api: Api, text: str) -> None:
    api.harness.model.script = [saying(text)]
    record = await api.harness.described()
    stored = api.harness.records.stored[CAT]
    pairs = {name: metadata.decode(value) for name, value in api.harness.metadata().items()}
    api.harness.model.script = [saying(text)]
    accepted = {"content-type": "image/jpeg", "accept": "text/plain"}
    told = await api.client.post("/api/describe", content=b"other", headers=accepted)
    as_json = await api.client.get(f"/api/descriptions/{CAT.container}/{CAT.name}")
    tools = Tools(api.setup.on_demand, api.harness.catalogue, api.setup.memory)
    said = await tools.call("describe_image", json.dumps({"arguments": {"blob": f"{CAT.container}/{CAT.name}"}}))
    ways = {
        "sidecar": str(json.loads(stored.record.to_json())),
        "metadata": str(pairs),
        "event": OutcomeEvent.of(StoredRecord(record, stored.etag), "/x").model_dump_json(),
        "HTTP JSON": json.dumps(as_json.json(), ensure_ascii=False),
        "HTTP text": told.text,
        "MCP": json.dumps(json.loads(json.loads(said)["content"])["structuredContent"], ensure_ascii=False),
    }
    assert all("at" in way or "tac" in way or "dog" in way for way in ways.values())
    assert {name: found for name, way in ways.items() if (found := stray(way))} == {}


@pytest.mark.parametrize("text", TEXTS, ids=range(1, len(TEXTS) + 1))
async def test_nothing_unseen_is_in_a_free_answer(api: Api, text: str) -> None:
    api.harness.model.script = [replace(FREE_ANSWER, text=text)]
    asked = {"content-type": "image/jpeg", "accept": "text/plain"}
    answered = await api.client.post("/api/describe", params={"prompt": "What is it?"}, content=b"other", headers=asked)
    assert answered.status_code == 200
    assert stray(answered.text) == []
