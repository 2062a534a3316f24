"""The port `Model` over HTTP: the real SDK against a server that answers as Azure OpenAI does."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from PIL import Image

from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.adapters.chat.quota import Quota
from describer.domain.errors import (
    Corrupt,
    DescriberError,
    Filtered,
    Misconfigured,
    NoUsableAnswer,
    TooLarge,
    Transient,
    Unsupported,
)
from describer.domain.record import Usage
from describer.pipeline.call_context import STORING_SECONDS, entered
from describer.pipeline.weighted_semaphore import Priority
from describer.vision.brief import Brief
from describer.vision.families import family
from describer.vision.imaging.values import PreparedImage
from local.azure_openai import faults
from local.azure_openai.answers import Answer, Fault
from local.azure_openai.completions import CACHED_FROM
from local.azure_openai.script import Model, Script, serve
from local.storage import Storage

BRIEF = Brief(("en", "de"), "gpt-5.6-luna", "high", 500)
SCOPE = "https://ai.azure.com/.default"

NO_CHOICES: list[Any] = [None, [], {}, [None], ["a"], [{}], [{"message": None}], [{"message": "a"}]]
NO_COMPLETIONS: list[Any] = [[], {}, {"error": {"message": "no"}}, *({"choices": choices} for choices in NO_CHOICES)]
GOOD = {
    "image_kind": "photo",
    "texts": {tag: {"alt_text": "A cat.", "description": "", "extended_description": ""} for tag in BRIEF.languages},
    "visible_text": "",
    "tags": [],
    "is_decorative": False,
}


def _picture() -> PreparedImage:
    out = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "JPEG")
    return PreparedImage(out.getvalue(), 64, 48)


class SignedIn:
    """The stand-in identity; counts how often it is asked."""

    def __init__(self, storage: Storage) -> None:
        self.identity = storage.identity
        self.asked = 0

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        self.asked += 1
        return await self.identity.get_token(*scopes)

    async def close(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Model]:
    with serve(Script()) as model:
        yield model


@pytest.fixture
async def chat(server: Model, storage: Storage) -> AsyncIterator[ChatModel]:
    luna = family("gpt-5.6-luna")
    assert luna
    client = connect(server.base_url, key="", credential=SignedIn(storage), scope=SCOPE)  # type: ignore[arg-type]
    async with client:
        yield ChatModel(client, lambda _: luna, 5, Limiter(4, Quota(pause=0.01)), backoff=0.01)


async def test_the_answer_is_read_in_every_language(chat: ChatModel, server: Model) -> None:
    said = await chat.ask(BRIEF, _picture())
    assert said.description
    assert said.description.texts["en"].alt_text.startswith("A test picture of 64 by 48 pixels")
    assert said.description.texts["de"].alt_text.startswith("Ein Testbild von 64 mal 48 Pixeln")
    assert said.model == "gpt-5.6-luna-2026-07-09"
    assert said.usage.calls == 1
    assert said.usage.prompt_tokens > 0 and said.usage.completion_tokens > 0


async def test_the_request_is_what_the_family_takes(chat: ChatModel, server: Model) -> None:
    await chat.ask(BRIEF, _picture())
    body = server.requests[0].body
    assert body["max_completion_tokens"] == 500
    assert body["reasoning_effort"] == "none"
    assert "temperature" not in body and "max_tokens" not in body
    assert server.requests[0].images[0].data == _picture().jpeg
    assert server.requests[0].images[0].detail == "high"


async def test_the_models_refusal_is_an_answer(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.refused("I can't."))
    said = await chat.ask(BRIEF, _picture())
    assert (said.description, said.refusal) == (None, "I can't.")


async def test_a_cut_off_answer_is_asked_for_once_more_with_twice_the_cap(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.cut_off())
    said = await chat.ask(BRIEF, _picture())
    assert said.usage.calls == 2
    assert [request.body["max_completion_tokens"] for request in server.requests] == [500, 1000]


async def test_an_answer_cut_off_twice_is_given_up(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.cut_off(), faults.cut_off())
    with pytest.raises(NoUsableAnswer, match="cut off at 500 tokens and at twice as many"):
        await chat.ask(BRIEF, _picture())


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (faults.content_filter_prompt(), Filtered),
        (faults.content_filter_answer('{"image'), Filtered),
        (faults.invalid_image("invalid_image_format"), Unsupported),
        (faults.invalid_image("image_parse_error"), Corrupt),
        (faults.invalid_image("image_too_large"), TooLarge),
        (Fault(413, {"error": {"code": "413", "message": "too large"}}), TooLarge),
    ],
)
async def test_what_speaks_of_this_picture_is_final(
    chat: ChatModel, server: Model, reply: Answer | Fault, error: type[DescriberError]
) -> None:
    server.script.then(reply)
    with pytest.raises(error):
        await chat.ask(BRIEF, _picture())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        faults.permission_denied(),
        faults.deployment_not_found(),
        faults.text_only_deployment(),
        faults.wrong_key(),
        faults.gateway_error(403, "Forbidden", "The resource is blocked for now."),
        faults.error(402, "no", "unheard_of"),
        faults.error(429, "no", "insufficient_quota"),
        faults.error(400, "no", "unsupported_parameter"),
        faults.error(400, "no", None, "max_completion_tokens"),
        faults.error(400, "no", "invalid_value", "messages.[0].content.[1].image_url.detail"),
        faults.gateway_error(400, "OperationNotSupported", "no"),
    ],
)
async def test_what_speaks_of_the_installation_is_the_operators_business(
    chat: ChatModel, server: Model, reply: Fault
) -> None:
    server.script.then(reply)
    with pytest.raises(Misconfigured, match=str(reply.status)):
        await chat.ask(BRIEF, _picture())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "counts_as_attempt"),
    [
        (faults.server_error(500), True),
        (faults.server_error(503), False),
        (faults.not_json(), False),
        (faults.not_json("text/html"), False),
        (faults.disconnect(), False),
    ],
)
async def test_a_fault_that_may_pass_is_tried_thrice_and_then_left_to_the_queue(
    chat: ChatModel, server: Model, reply: Answer | Fault, *, counts_as_attempt: bool
) -> None:
    server.script.then(reply, reply, reply)
    with pytest.raises(Transient) as caught:
        await chat.ask(BRIEF, _picture())
    assert caught.value.counts_as_attempt is counts_as_attempt
    assert len(server.requests) == 3
    assert (await chat.ask(BRIEF, _picture())).description


@pytest.mark.parametrize(
    "reply",
    [
        faults.error(400, "no", "unheard_of"),
        faults.error(400, "no", None),
        faults.error(400, "no", "invalid_value", "messages.[0].content.[1].image_url.url"),
        faults.error(400, "no", "invalid_prompt", "prompt"),
        faults.error(422, "no", "unprocessable"),
        Fault(400, {"error": {"message": "no", "param": ["a"], "code": 400}}),
        *(Fault(200, body) for body in NO_COMPLETIONS),
    ],
)
async def test_what_would_be_answered_alike_at_once_is_asked_once_and_counts(
    chat: ChatModel, server: Model, reply: Fault
) -> None:
    server.script.then(reply)
    with pytest.raises(Transient) as caught:
        await chat.ask(BRIEF, _picture())
    assert caught.value.counts_as_attempt
    assert len(server.requests) == 1


async def test_what_a_server_says_is_shown_short_and_clean(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.error(400, f"\x1b[31mno key {'k' * 40} " + "x " * 100_000, "unheard_of"))
    with pytest.raises(Transient) as caught:
        await chat.ask(BRIEF, _picture())
    shown = str(caught.value)
    assert shown.isprintable() and len(shown) < 700
    assert "kkk" not in shown


async def test_a_filter_that_azure_names_inside_only_is_final(chat: ChatModel, server: Model) -> None:
    inner = {"code": "ResponsibleAIPolicyViolation"}
    server.script.then(Fault(400, {"error": {"message": "no", "code": "BadRequest", "innererror": inner}}))
    with pytest.raises(Filtered):
        await chat.ask(BRIEF, _picture())


async def test_an_unreadable_answer_is_requested_once_more_with_its_faults(chat: ChatModel, server: Model) -> None:
    server.script.then(Answer('{"texts": {"fr": {"alt_text": "Un chat."}}}'))
    said = await chat.ask(BRIEF, _picture())
    assert (said.description is not None, said.usage.calls) == (True, 2)
    assert "the answer lacks the texts in en, de" in json.dumps(server.requests[1].body["messages"])


async def test_an_answer_without_one_of_the_languages_is_an_answer(chat: ChatModel, server: Model) -> None:
    server.script.then(Answer('{"texts": {"en": {"alt_text": "A cat."}}}'))
    said = await chat.ask(BRIEF, _picture())
    assert said.description
    assert ([*said.description.texts], said.usage.calls) == (["en"], 1)


async def test_what_the_checks_found_is_asked_for_in_that_language_alone(chat: ChatModel, server: Model) -> None:
    said = await chat.ask(BRIEF.for_repair({"de": ["The alt text in de is a placeholder: Bild"]}), _picture())
    assert said.description and [*said.description.texts] == ["de"]
    body = server.requests[0].body
    schema = body["response_format"]["json_schema"]["schema"]
    assert [*schema["properties"]["texts"]["properties"]] == ["de"]
    assert "The alt text in de is a placeholder: Bild" in json.dumps(body["messages"])


async def test_an_answer_unreadable_twice_is_the_end(chat: ChatModel, server: Model) -> None:
    server.script.then(Answer("A cat."), Answer("{}"))
    with entered(60) as call, pytest.raises(NoUsableAnswer, match="in two calls: the answer lacks the texts in en, de"):
        await chat.ask(BRIEF, _picture())
    assert len(server.requests) == 2
    assert call.spent.calls == 2


async def test_a_plain_refusal_is_asked_once(chat: ChatModel, server: Model) -> None:
    server.script.then(Answer("I'm sorry, I can't assist with that request."))
    said = await chat.ask(BRIEF, _picture())
    assert said.refusal and not said.description
    assert len(server.requests) == 1


FILLED = [
    ("", {"reasoning_tokens": 500}, "thinking"),
    ("", {}, "white space"),
    (" \n" * 900, {}, "white space"),
    ("\u200b" * 900, {}, "white space"),
    ('{"image_kind":' + " " * 3000, {}, "white space"),
    ('{"visible_text": "' + "\\n" * 900, {}, "white space"),
    ('{"visible_text": "' + "\\t\\u00a0" * 400, {}, "white space"),
    ('{"visible_text": "' + "A cat sits on a mat, and " * 90, {}, "over and over"),
    ('{"tags": [' + '"cat", ' * 300, {}, "over and over"),
    ("<pad>" * 500, {}, "over and over"),
    ('{"image_kind": "photo", "alt_text": "' + "the " * 800, {}, "over and over"),
]


@pytest.mark.parametrize(("content", "details", "named"), FILLED, ids=[row[2] + row[0][:9] for row in FILLED])
async def test_an_answer_that_something_else_filled_is_not_asked_for_at_a_higher_cap(
    chat: ChatModel, server: Model, content: str, details: dict[str, int], named: str
) -> None:
    usage = {"prompt_tokens": 900, "completion_tokens": 500, "completion_tokens_details": details}
    choice = {"finish_reason": "length", "message": {"role": "assistant", "content": content}}
    server.script.then(Fault(200, {"model": "m", "choices": [choice], "usage": usage}))
    with entered(60) as call, pytest.raises(NoUsableAnswer, match=named):
        await chat.ask(BRIEF, _picture())
    assert len(server.requests) == 1
    assert call.spent.completion_tokens == 500


async def test_tokens_of_cache_and_reasoning_are_reported(chat: ChatModel, server: Model) -> None:
    asked, said = {"cached_tokens": 512, "cache_write_tokens": 256}, {"reasoning_tokens": 40}
    usage = {"prompt_tokens": 900, "completion_tokens": 90, "prompt_tokens_details": asked}
    choice = {"finish_reason": "stop", "message": {"content": json.dumps(GOOD)}}
    server.script.then(Fault(200, {"choices": [choice], "usage": {**usage, "completion_tokens_details": said}}))
    used = (await chat.ask(BRIEF, _picture())).usage
    assert used == Usage(prompt_tokens=900, completion_tokens=90, calls=1, **asked, **said)


async def test_a_long_prompt_is_kept_nowhere_since_keeping_it_costs(chat: ChatModel, server: Model) -> None:
    """The server keeps each long prompt up to its picture, which comes no second time."""
    long = replace(BRIEF, context="Our house. " * 400)
    used = (await chat.ask(long, _picture())).usage
    assert used.prompt_tokens > CACHED_FROM
    assert used.cache_write_tokens == 0


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "900"}, {"completion_tokens": None}, "many", [1]])
async def test_a_good_answer_is_kept_whatever_its_usage_says(chat: ChatModel, server: Model, usage: object) -> None:
    choice = {"finish_reason": "stop", "message": {"content": json.dumps(GOOD)}}
    server.script.then(Fault(200, {"choices": [choice], "usage": usage}))
    said = await chat.ask(BRIEF, _picture())
    assert said.description
    assert (said.model, said.usage.prompt_tokens, said.usage.calls) == (BRIEF.model, 0, 1)


async def test_one_stumble_is_waited_out_at_once(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.server_error(500), faults.rate_limited(0.2))
    assert (await chat.ask(BRIEF, _picture())).description
    assert len(server.requests) == 3


async def test_a_long_wait_is_left_to_the_queue(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.rate_limited(60))
    with pytest.raises(Transient) as caught:
        await chat.ask(BRIEF, _picture())
    assert caught.value.retry_after and 45 <= caught.value.retry_after <= 46.1  # and waits for the rest in the app
    assert not caught.value.counts_as_attempt
    assert len(server.requests) == 1


async def test_a_server_that_is_down_is_transient(chat: ChatModel, server: Model) -> None:
    server.down()
    with pytest.raises(Transient, match="cannot be reached"):
        await chat.ask(BRIEF, _picture())
    server.up()
    assert (await chat.ask(BRIEF, _picture())).description


async def test_the_deadline_is_for_the_whole_answer(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.hang(30))
    with pytest.raises(Transient, match=r"no answer in 0\.3 s") as caught:
        await replace(chat, deadline=0.3).ask(BRIEF, _picture())
    assert caught.value.counts_as_attempt


async def test_calls_at_a_time_are_limited(chat: ChatModel, server: Model) -> None:
    async def ask() -> None:
        await chat.ask(BRIEF, _picture())

    limited = replace(chat, limiter=Limiter(1, Quota(pause=0.01)))
    server.script.then(faults.hang(30))
    first = asyncio.create_task(limited.ask(BRIEF, _picture()))
    async with asyncio.timeout(5):
        while not server.requests:
            await asyncio.sleep(0.01)
    second = asyncio.create_task(limited.ask(BRIEF, _picture()))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await asyncio.shield(second)
    assert len(server.requests) == 1
    first.cancel()
    assert (await second).description


async def test_a_call_that_waits_too_long_for_a_slot_is_deferred_without_an_attempt(
    chat: ChatModel, server: Model
) -> None:
    busy = replace(chat, limiter=Limiter(1, Quota(pause=0.01)))
    assert busy.limiter.try_acquire(1, Priority.BACKGROUND)
    with entered(STORING_SECONDS + 0.2), pytest.raises(Transient, match=r"busy for 0\.1 s") as caught:
        await busy.ask(BRIEF, _picture())
    assert not caught.value.counts_as_attempt
    busy.limiter.release(1)
    assert (await busy.ask(BRIEF, _picture())).description
    assert not busy.limiter.held


async def test_a_model_that_had_no_time_does_not_blame_the_picture(chat: ChatModel, server: Model) -> None:
    server.script.then(faults.hang(30))
    with entered(STORING_SECONDS + 0.3), pytest.raises(Transient, match=r"no answer in 0\.3") as caught:
        await chat.ask(BRIEF, _picture())
    assert not caught.value.counts_as_attempt
    with entered(STORING_SECONDS), pytest.raises(Transient, match="No time is left"):
        await chat.ask(BRIEF, _picture())
    assert len(server.requests) == 1


async def test_the_token_is_kept(storage: Storage, server: Model) -> None:
    signed_in = SignedIn(storage)
    luna = family("gpt-5.6-luna")
    assert luna
    async with connect(server.base_url, key="", credential=signed_in, scope=SCOPE) as client:  # type: ignore[arg-type]
        chat = ChatModel(client, lambda _: luna, 5, Limiter(4, Quota(pause=0.01)), backoff=0.01)
        await chat.ask(BRIEF, _picture())
        await chat.ask(BRIEF, _picture())
    assert len(server.requests) == 2
    assert signed_in.asked == 1


async def test_a_call_counts_against_the_quota_from_when_its_request_leaves(storage: Storage, server: Model) -> None:
    class Slow(SignedIn):
        async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            await asyncio.sleep(0.4)
            return await super().get_token(*scopes, **options)

    luna, quota = family("gpt-5.6-luna"), Quota()
    assert luna
    async with connect(server.base_url, key="", credential=Slow(storage), scope=SCOPE) as client:  # type: ignore[arg-type]
        began = asyncio.get_running_loop().time()
        await ChatModel(client, lambda _: luna, 5, Limiter(4, quota)).ask(BRIEF, _picture())
    (sent,) = quota._sent.since(began)
    assert sent >= began + 0.4


async def test_a_token_for_something_else_is_the_operators_business(storage: Storage, server: Model) -> None:
    luna = family("gpt-5.6-luna")
    assert luna
    other = "https://storage.azure.com/.default"
    async with connect(server.base_url, key="", credential=SignedIn(storage), scope=other) as client:  # type: ignore[arg-type]
        with pytest.raises(Misconfigured, match="401"):
            await ChatModel(client, lambda _: luna, 5, Limiter(4, Quota(pause=0.01)), backoff=0.01).ask(
                BRIEF, _picture()
            )
