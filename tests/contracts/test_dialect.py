"""What a server does not know of the protocol is found out once, remembered and logged."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.adapters.chat.probe_picture import probe_picture
from describer.adapters.chat.quota import Quota
from describer.domain.errors import Declined, Misconfigured
from describer.vision.brief import Brief, Question
from describer.vision.families import Family, family, generic
from local.azure_openai import faults
from local.azure_openai.access import Access
from local.azure_openai.answers import Answer, Fault, Request
from local.azure_openai.resource import Deployment, Resource
from local.azure_openai.script import Model, Reply, Script, describe, serve

BRIEF = Brief(("en",), "test", "high", 500)
GOOD = {
    "image_kind": "photo",
    "texts": {"en": {"alt_text": "A sun over a meadow.", "description": "", "extended_description": ""}},
    "visible_text": "",
    "tags": [],
    "is_decorative": False,
}


def _family() -> Family:
    luna = family("gpt-5.6-luna")
    assert luna
    return replace(luna, request=replace(luna.request, temperature=True))


@pytest.fixture
def server() -> Iterator[Model]:
    deployment = Deployment("test", "test-1", reasoning=False)
    with serve(Script(), Resource((deployment,), Access(api_key="key"))) as model:
        yield model


@pytest.fixture
async def chat(server: Model) -> AsyncIterator[ChatModel]:
    async with connect(server.base_url, key="key", credential=None, scope="") as client:
        yield ChatModel(client, lambda _: _family(), 5, Limiter(4, Quota(pause=0.01)), backoff=0.01)


def _form(body: dict[str, Any]) -> str:
    return str(body.get("response_format", {}).get("type", "none"))


def _without(*parameters: str, forms: tuple[str, ...] = ("json_schema",)) -> Callable[[Request], Reply]:
    """A server that does not know these parameters, and of the forms these."""

    def rule(request: Request) -> Reply:
        unknown = [name for name in parameters if name in request.body]
        if unknown:
            return Fault(400, {"detail": f"Extra inputs are not permitted: {unknown[0]}"})
        if _form(request.body) not in {*forms, "none"}:
            return faults.error(400, "'response_format.type' must be one of others", None, None)
        return Answer(json.dumps(GOOD)) if _form(request.body) != "json_schema" else describe(request)

    return rule


CASES: list[tuple[tuple[str, ...], tuple[str, ...], str]] = [
    (("temperature",), ("json_schema",), "without temperature"),
    (("reasoning_effort",), ("json_schema",), "without reasoning_effort"),
    (("prompt_cache_options",), ("json_schema",), "without prompt_cache_options"),
    (("max_completion_tokens",), ("json_schema",), "max_tokens"),
    ((), ("json_object",), "form json_object"),
    ((), (), "form in words"),
    (("temperature", "max_completion_tokens"), (), "without temperature, max_tokens, form in words"),
]


@pytest.mark.parametrize(("parameters", "forms", "told"), CASES, ids=[row[2] for row in CASES])
async def test_it_is_found_out_once(
    chat: ChatModel,
    server: Model,
    caplog: pytest.LogCaptureFixture,
    parameters: tuple[str, ...],
    forms: tuple[str, ...],
    told: str,
) -> None:
    server.script.always(_without(*parameters, forms=forms))
    with caplog.at_level(logging.WARNING):
        assert (await chat.ask(BRIEF, probe_picture())).description
        first = len(server.requests)
        assert (await chat.ask(BRIEF, probe_picture())).description
    assert first > 1
    assert len(server.requests) == first + 1
    events = [vars(entry)["differences"] for entry in caplog.records if entry.message == "model.adapted"]
    assert events == [told]


async def test_a_form_described_in_words_contains_the_schema(chat: ChatModel, server: Model) -> None:
    server.script.always(_without(forms=()))
    await chat.ask(BRIEF, probe_picture())
    body = server.requests[-1].body
    assert "response_format" not in body
    assert '"additionalProperties": false' in body["messages"][0]["content"]


async def test_a_server_that_does_not_enforce_the_form_gets_it_in_words_too(
    chat: ChatModel, server: Model, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that passes over `response_format`: the model does not hear of the form."""

    def rule(request: Request) -> Reply:
        knows = '"additionalProperties": false' in request.prompts[0]
        return Answer(json.dumps(GOOD) if knows else "The picture shows a sun over a meadow.")

    server.script.always(rule)
    with caplog.at_level(logging.WARNING):
        for calls in (2, 3):
            assert (await chat.ask(BRIEF, probe_picture())).description
            assert len(server.requests) == calls
    assert _form(server.requests[-1].body) == "json_schema", "for servers that do hold it, and slipped once"
    events = [vars(entry)["differences"] for entry in caplog.records if entry.message == "model.adapted"]
    assert events == ["form json_schema and in words"]


async def test_a_question_learns_too(chat: ChatModel, server: Model) -> None:
    server.script.always(_without("stream_options", "max_completion_tokens"))
    question = Question("Which colour is the sky?", "test", "low", 100)
    for calls in (3, 4):
        async with aclosing(chat.reply(question, [probe_picture()])) as pieces:
            assert [piece async for piece in pieces]
        assert len(server.requests) == calls


async def test_what_names_no_parameter_changes_nothing(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.error(400, "no", "unheard_of"))
    with pytest.raises(Declined):
        await chat.ask(BRIEF, probe_picture())
    assert (await chat.ask(BRIEF, probe_picture())).description
    assert _form(server.requests[1].body) == "json_schema" and "temperature" in server.requests[1].body


async def test_an_error_in_every_form_keeps_the_first_form(chat: ChatModel, server: Model) -> None:
    server.script.always(lambda _: faults.error(400, "no grammar for the schema", "unsupported_value"))
    with pytest.raises(Misconfigured, match="unsupported_value"):
        await chat.ask(BRIEF, probe_picture())
    assert [_form(request.body) for request in server.requests] == ["json_schema", "json_object", "none"]
    assert chat.dialects.of("test").form == "json_schema"


async def test_each_model_has_its_own(chat: ChatModel, server: Model) -> None:
    server.script.always(_without("temperature"))
    await chat.ask(BRIEF, probe_picture())
    assert chat.dialects.of("test").without == {"temperature"}
    assert chat.dialects.of("other").without == frozenset()


async def test_servers_of_unknown_models_are_asked_as_the_oldest_know_it() -> None:
    assert generic().request.cap == "max_tokens"
