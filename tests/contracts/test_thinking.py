"""Models that think before they answer: each server's way to switch that off, and an answer without tokens."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.adapters.chat.probe_picture import probe_picture
from describer.adapters.chat.quota import Quota
from describer.domain.errors import NoUsableAnswer
from describer.vision.answer import FreeAnswer
from describer.vision.brief import Brief, Question
from describer.vision.families import family, generic
from local.azure_openai.access import Access
from local.azure_openai.answers import Fault, Request
from local.azure_openai.resource import Deployment, Resource
from local.azure_openai.script import Model, Reply, Script, describe, serve

NAME = "qwen3-vl:8b"
BRIEF = Brief(("en",), NAME, "high", 500)


@pytest.fixture
def server() -> Iterator[Model]:
    deployment = Deployment(NAME, "qwen3-vl", reasoning=False)
    with serve(Script(), Resource((deployment,), Access(api_key="key"))) as model:
        yield model


@pytest.fixture
async def chat(server: Model) -> AsyncIterator[ChatModel]:
    async with connect(server.base_url, key="key", credential=None, scope="") as client:
        yield ChatModel(client, lambda name: family(name) or generic(), 5, Limiter(4, Quota(pause=0.01)), backoff=0.01)


@pytest.mark.parametrize(
    "name", ["qwen3-vl:8b", "Qwen/Qwen3-VL-8B-Thinking", "qwen3.5:4b", "zai-org/GLM-4.6V-Flash", "thinking"]
)
def test_a_thinking_model_is_known_by_its_name(name: str) -> None:
    found = family(name)
    assert found and found.request.extra["chat_template_kwargs"] == {"enable_thinking": False}
    assert found.least_side == 28


async def test_it_is_asked_not_to_think_in_each_way_that_servers_know(chat: ChatModel, server: Model) -> None:
    assert (await chat.ask(BRIEF, probe_picture())).description
    body = server.requests[0].body
    assert (body["reasoning_effort"], body["think"]) == ("none", False)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize("refused", ["think", "chat_template_kwargs", "reasoning_effort"])
async def test_the_way_that_a_server_does_not_know_is_left_out(chat: ChatModel, server: Model, refused: str) -> None:
    def rule(request: Request) -> Reply:
        if refused in request.body:
            return Fault(422, {"detail": [{"loc": ["body", refused], "msg": "Extra inputs are not permitted"}]})
        return describe(request)

    server.script.always(rule)
    for calls in (2, 3):
        assert (await chat.ask(BRIEF, probe_picture())).description
        assert len(server.requests) == calls
    kept = {"think", "chat_template_kwargs", "reasoning_effort"} - {refused}
    assert kept <= server.requests[-1].body.keys()


ALOUD = [
    {"content": "", "reasoning_content": "The picture shows"},
    {"content": None, "reasoning": "The picture shows"},
    {"content": "<think>The picture shows {a sun"},
    {"content": "", "reasoning_details": [{"type": "reasoning.text", "text": "The picture shows"}]},
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "The picture shows"}]}]},
    {"content": "[THINK]The picture shows {a sun"},
]


@pytest.mark.parametrize("end", ["length", "stop"])
@pytest.mark.parametrize("message", ALOUD, ids=["vLLM", "Ollama", "aloud", "OpenRouter", "parts", "Mistral"])
async def test_reasoning_that_uses_up_the_answer_is_requested_once_and_reported(
    chat: ChatModel, server: Model, message: dict[str, Any], end: str
) -> None:
    choice = {"finish_reason": end, "message": message}
    server.script.always(lambda _: Fault(200, {"choices": [choice], "usage": {"completion_tokens": 500}}))
    with pytest.raises(NoUsableAnswer, match="set MODEL_FAMILY=thinking"):
        await chat.ask(BRIEF, probe_picture())
    assert len(server.requests) == 1


async def test_thinking_without_its_beginning_is_looked_past(chat: ChatModel, server: Model) -> None:
    texts = {"en": {"alt_text": "A sun over a meadow.", "description": "", "extended_description": ""}}
    said = {"image_kind": "photo", "texts": texts, "visible_text": "", "tags": [], "is_decorative": False}
    content = f"I see {{a sun}} there.</think>\n{json.dumps(said)}"
    server.script.then(Fault(200, {"choices": [{"finish_reason": "stop", "message": {"content": content}}]}))
    answer = await chat.ask(BRIEF, probe_picture())
    assert answer.description and answer.description.texts["en"].alt_text == "A sun over a meadow."


async def test_a_free_answer_comes_without_its_thinking(chat: ChatModel, server: Model) -> None:
    said = ["<thi", "nk>Is it {a", " sun}?</th", "ink>\n", "It is ", "a sun."]
    events: list[dict[str, Any]] = [{"choices": [{"delta": {"content": piece}}]} for piece in said]
    events.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    server.script.always(lambda _: Fault(200, body, {"content-type": "text/event-stream"}))
    async with aclosing(chat.reply(Question("What is it?", NAME, "low", 50), [probe_picture()])) as pieces:
        *words, whole = [piece async for piece in pieces]
    assert words == ["It is ", "a sun."]
    assert isinstance(whole, FreeAnswer) and whole.text == "It is a sun."


async def test_the_same_is_reported_for_a_question(chat: ChatModel, server: Model) -> None:
    events = [
        {"choices": [{"delta": {"reasoning_content": "Which colour"}, "finish_reason": None}]},
        {"choices": [{"delta": {}, "finish_reason": "length"}]},
    ]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    server.script.always(lambda _: Fault(200, body, {"content-type": "text/event-stream"}))
    with pytest.raises(NoUsableAnswer, match="thinks"):
        async with aclosing(chat.reply(Question("Which colour?", NAME, "low", 50), [probe_picture()])) as pieces:
            assert [piece async for piece in pieces]
