"""Words to use and to avoid, and what the model doubts, by HTTP and MCP; tests/cli has the command line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from describer.entrypoints.mcp import Tools
from describer.vision.brief import Brief
from tests.api.conftest import Api
from tests.fakes import answer
from tests.unit.conftest import CAT

JPEG: Final = {"content-type": "image/jpeg"}
BLOB: Final = {"container": CAT.container, "name": CAT.name}
WAYS: Final = ("query", "form", "json", "mcp")


async def described(api: Api, way: str, use: str, avoid: str) -> Mapping[str, Any]:
    """What a caller gets who wants one word used and another avoided."""
    words = {"words_to_use": use, "words_to_avoid": avoid}
    listed = {name: [word] for name, word in words.items()}
    match way:
        case "query":
            answered = await api.client.post("/api/describe", params=words, content=b"cat", headers=JPEG)
        case "form":
            files = {"images": ("cat.jpg", b"cat", "image/jpeg")}
            answered = await api.client.post("/api/describe", files=files, data=words)
        case "json":
            answered = await api.client.post("/api/describe", json={"images": [{"blob": BLOB}], **listed})
        case _:
            tools = Tools(api.setup.on_demand, api.harness.catalogue, api.setup.memory)
            given = {"arguments": {"blob": f"{CAT.container}/{CAT.name}", **listed}}
            said = json.loads(await tools.call("describe_image", json.dumps(given)))
            content: Mapping[str, Any] = json.loads(said["content"])["structuredContent"]
            return content
    body: Mapping[str, Any] = answered.json()
    results: Sequence[Mapping[str, Any]] = body.get("results", [body])
    return results[0]


@pytest.mark.parametrize("way", WAYS)
async def test_an_avoided_word_is_repaired_once_and_then_reviewed(api: Api, way: str) -> None:
    api.harness.model.script = [answer("A cat on a sofa."), answer("A tabby on a cheap sofa.")]
    body = await described(api, way, "tabby", "cat")
    assert (body["status"], len(api.harness.model.calls)) == ("needs_review", 2)
    assert "avoided_word" in body["flags"] and "cat" in body["reason"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_missing_word_is_flagged(api: Api, way: str) -> None:
    body = await described(api, way, "harbour", "horse")
    assert "keyword_missing" in body["flags"]
    (brief,) = api.harness.model.asked
    assert isinstance(brief, Brief)
    assert (brief.words_to_use, brief.words_to_avoid) == (("harbour",), ("horse",))


@pytest.mark.parametrize("way", WAYS)
async def test_what_the_model_doubts_is_for_review(api: Api, way: str) -> None:
    said = answer()
    assert said.description
    doubts = said.description.model_copy(update={"uncertainties": ("whether it is a cat or a dog",)})
    api.harness.model.script = [replace(said, description=doubts)]
    body = await described(api, way, "cat", "horse")
    assert (body["status"], body["flags"]) == ("needs_review", ["uncertain"])
    assert body["reason"] == "The model doubts: whether it is a cat or a dog"


async def test_the_profile_of_a_tool_s_call_reaches_the_model(api: Api) -> None:
    tools = Tools(api.setup.on_demand, api.harness.catalogue, api.setup.memory)
    blob = f"{CAT.container}/{CAT.name}"
    for profile, error in (("product", False), ("shop", True)):
        said = json.loads(
            await tools.call("describe_image", json.dumps({"arguments": {"blob": blob, "profile": profile}}))
        )
        assert json.loads(said["content"])["isError"] is error
    assert [brief.profile for brief in api.harness.model.asked if isinstance(brief, Brief)] == ["product"]
