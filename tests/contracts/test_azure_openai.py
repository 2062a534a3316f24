"""The emulated Azure OpenAI, asked by the unchanged openai client over HTTP: it must answer as the real one does."""

import asyncio
import base64
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import jsonschema
import openai
import PIL.Image
import pytest

from local.azure_openai import faults
from local.azure_openai.access import Access
from local.azure_openai.answers import Answer, Fault, Json
from local.azure_openai.bodies import read
from local.azure_openai.quota import Quota
from local.azure_openai.resource import Deployment, Resource
from local.azure_openai.script import Model, Script, serve
from local.azure_openai.tokens import image_tokens, schema_tokens

TEXT = {"type": "string"}
SCHEMA: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image_kind", "texts", "tags", "note"],
    "properties": {
        "image_kind": {"type": "string", "enum": ["photo", "chart", "other"]},
        "texts": {"type": "object", "additionalProperties": False, "required": ["en", "de"], "properties": {
            language: {"type": "object", "additionalProperties": False, "required": ["alt_text"],
                       "properties": {"alt_text": TEXT}} for language in ("en", "de")}},
        "tags": {"type": "array", "items": TEXT},
        "note": {"type": ["string", "null"]},
    },
}  # fmt: skip


def token(audience: str = "https://ai.azure.com", lifetime: float = 3600) -> str:
    """Mint an unsigned JWT."""
    claims = {"aud": audience, "nbf": int(time.time()) - 600, "exp": int(time.time() + lifetime)}
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "RS256"}, claims)
    )
    return f"{head}.{body}.unsigned"


def picture(color: str = "red", size: tuple[int, int] = (640, 480), form: str = "PNG") -> str:
    """Return a picture as a data: URL."""
    file = io.BytesIO()
    PIL.Image.new("RGB", size, color).save(file, form)
    return f"data:image/{form.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def body(*urls: str, detail: str = "high", schema: Json | None = None, **more: object) -> Json:
    """Return the keyword arguments of one chat completion."""
    parts: list[Json] = [{"type": "text", "text": "Describe."}]
    parts += [{"type": "image_url", "image_url": {"url": url, "detail": detail}} for url in urls]
    asked = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema or SCHEMA}}
    messages = [{"role": "user", "content": parts}]
    return {"model": "gpt-6-luna", "messages": messages, "max_completion_tokens": 500, "response_format": asked, **more}


@pytest.fixture
def model() -> Iterator[Model]:
    with serve() as served:
        yield served


@asynccontextmanager
async def client(model: Model, key: str | None = None, **options: object) -> AsyncIterator[openai.AsyncOpenAI]:
    async def provide() -> str:
        return key if key is not None else token()

    settings: Json = {"max_retries": 0, **options}
    async with openai.AsyncOpenAI(base_url=model.base_url, api_key=provide, **settings) as asking:
        yield asking


async def ask(model: Model, key: str | None = None, /, **request: object) -> openai.types.chat.ChatCompletion:
    async with client(model, key) as asking:
        answer: openai.types.chat.ChatCompletion = await asking.chat.completions.create(
            **{**body(picture()), **request}
        )
        return answer


async def test_an_answer_is_valid_under_the_callers_schema_and_differs_from_picture_to_picture(model: Model) -> None:
    contents = [
        (await ask(model, **body(picture(color)))).choices[0].message.content for color in ("red", "blue", "red")
    ]
    for content in contents:
        jsonschema.validate(json.loads(content or ""), SCHEMA)
    assert contents[0] != contents[1]
    assert contents[0] == contents[2]
    assert "Prüfsumme" in json.loads(contents[0] or "")["texts"]["de"]["alt_text"]


def test_the_schema_counts_but_for_its_keywords_of_strictness() -> None:
    schema: Json = {"type": "object", "properties": {"a": {"type": "string"}}}
    bare = len('{"type":"object","properties":{"a":{"type":"string"}}}')
    strict: Json = {**schema, "required": ["a"], "additionalProperties": False}
    assert schema_tokens(strict) == schema_tokens(schema) == -(-bare // 4) + 9


async def test_an_answer_carries_usage_filter_results_and_azures_headers(model: Model) -> None:
    async with client(model) as asking:
        raw = await asking.chat.completions.with_raw_response.create(**body(picture(size=(1024, 768))))
    answer = raw.parse()
    assert answer.model == "gpt-6-luna-2026-10-15"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 922 + len("Describe.") // 4 + 1 + schema_tokens(SCHEMA)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.choices[0].finish_reason == "stop"
    assert not answer.to_dict()["prompt_filter_results"][0]["content_filter_results"]["violence"]["filtered"]  # type: ignore[index]
    assert {"apim-request-id", "x-ms-region"} <= set(raw.headers)


async def test_requests_are_recorded_as_they_were_received(model: Model) -> None:
    await ask(model, **body(picture(form="JPEG"), detail="low"))
    (request,) = model.requests
    (image,) = request.images
    assert (request.deployment, request.prompts, request.max_tokens) == ("gpt-6-luna", ("Describe.",), 500)
    assert (image.media_type, image.width, image.height, image.detail) == ("image/jpeg", 640, 480, "low")
    assert image.data.startswith(b"\xff\xd8")
    assert request.schema == SCHEMA


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (faults.rate_limited(2.5), openai.RateLimitError, "RateLimitReached"),
        (faults.content_filter_prompt(), openai.BadRequestError, "content_filter"),
        (faults.invalid_image("image_parse_error"), openai.BadRequestError, "image_parse_error"),
        (faults.text_only_deployment(), openai.BadRequestError, None),
        (faults.permission_denied(), openai.AuthenticationError, "PermissionDenied"),
        (faults.deployment_not_found(), openai.NotFoundError, "DeploymentNotFound"),
        (faults.server_error(), openai.InternalServerError, "server_error"),
        (faults.server_error(503), openai.InternalServerError, "server_error"),
        (faults.disconnect(), openai.APIConnectionError, None),
    ],
)
async def test_each_fault_is_the_clients_own_exception(
    model: Model, fault: Fault, error: type[openai.APIError], code: str | None
) -> None:
    model.script.then(fault)
    with pytest.raises(error) as raised:
        await ask(model)
    assert type(raised.value) is error
    assert raised.value.code == code


async def test_a_throttled_call_says_when_to_come_back(model: Model) -> None:
    model.script.then(faults.rate_limited(2.5))
    with pytest.raises(openai.RateLimitError) as raised:
        await ask(model)
    headers = raised.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("3", "2500")


@pytest.mark.parametrize(
    ("answer", "finish_reason", "refusal"),
    [
        (faults.content_filter_answer(), "content_filter", None),
        (faults.refused("No."), "stop", "No."),
        (faults.cut_off(), "length", None),
    ],
)
async def test_an_answer_that_is_none_comes_with_status_200(
    model: Model, answer: Answer, finish_reason: str, refusal: str | None
) -> None:
    model.script.then(answer)
    choice = (await ask(model)).choices[0]
    assert (choice.finish_reason, choice.message.refusal) == (finish_reason, refusal)


async def test_an_answer_beyond_the_token_limit_is_cut(model: Model) -> None:
    answer = await ask(model, max_completion_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 5


async def test_a_page_that_is_not_json_breaks_the_clients_parser(model: Model) -> None:
    model.script.then(faults.not_json())
    with pytest.raises(json.JSONDecodeError):
        await ask(model)


async def test_a_hanging_call_runs_into_the_clients_timeout(model: Model) -> None:
    model.script.then(faults.hang(600))
    async with client(model, timeout=0.2) as asking:
        with pytest.raises(openai.APITimeoutError):
            await asking.chat.completions.create(**body(picture()))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (token("https://storage.azure.com"), "Access token is missing"),
        (token(lifetime=-1), "Access token is missing"),
        ("not-a-token", "Access token is missing"),
    ],
)
async def test_a_wrong_token_is_401(model: Model, key: str, message: str) -> None:
    with pytest.raises(openai.AuthenticationError, match=message):
        await ask(model, key)
    assert model.requests == []


async def test_no_credential_at_all_is_401(model: Model) -> None:
    with pytest.raises(openai.AuthenticationError, match="invalid subscription key"):
        await ask(model, extra_headers={"Authorization": openai.Omit()})


async def test_both_audiences_and_a_configured_key_may_call() -> None:
    with serve(resource=Resource(access=Access(api_key="secret"))) as model:
        for key in (token(), token("https://cognitiveservices.azure.com"), "secret"):
            assert (await ask(model, key)).choices
        with pytest.raises(openai.AuthenticationError):
            await ask(model, "other")


async def test_the_plain_route_asks_for_no_credential(model: Model) -> None:
    async with client(model, "none", default_query={}) as asking:
        plain = asking.with_options(base_url=f"{model.url}/v1")
        assert (await plain.chat.completions.create(**body(picture()))).choices
        assert [each.id async for each in plain.models.list()] == ["gpt-6-luna", "gpt-5.6-luna", "gpt-5.6-luna-batch"]


async def test_an_unknown_deployment_is_404(model: Model) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        await ask(model, model="gpt-9")
    assert raised.value.code == "DeploymentNotFound"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda schema: schema.pop("additionalProperties"), "'additionalProperties' is required"),
        (lambda schema: schema["required"].remove("tags"), "Missing 'tags'"),
        (lambda schema: schema["properties"]["tags"].update(maxItems=5), "'maxItems' is not permitted"),
        (lambda schema: schema["properties"]["note"].update(maxLength=9), "'maxLength' is not permitted"),
        (lambda schema: schema["properties"].update(note={}), "must have a 'type' key"),
        (lambda schema: schema.update(type="array", items=TEXT), "must be of type 'object'"),
    ],
)
async def test_a_schema_that_azure_refuses_is_400(
    model: Model, change: Callable[[Json], object], complaint: str
) -> None:
    schema = json.loads(json.dumps(SCHEMA))
    change(schema)
    with pytest.raises(openai.BadRequestError, match="Invalid schema for response_format 'answer'") as raised:
        await ask(model, **body(picture(), schema=schema))
    assert complaint in str(raised.value)
    assert raised.value.param == "response_format"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"temperature": 0.2}, "unsupported_parameter"),
        ({"max_tokens": 100}, "unsupported_parameter"),
        ({"tools": [{}]}, "unsupported_parameter"),
        ({"messages": []}, "invalid_type"),
        (body("https://example.com/cat.jpg"), "invalid_image_url"),
        (body("data:image/png;base64,not base64!"), "invalid_base64_image"),
        (body("data:image/png;base64,AAAA"), "invalid_image_format"),
        (body(picture(form="TIFF")), "invalid_image_format"),
        (body(picture(size=(9000, 9000)), detail="original"), "image_too_large"),
        (body(picture(), detail="medium"), "invalid_value"),
        (body(*[picture(size=(8, 8))] * 11), "too_many_images"),
    ],
)
async def test_what_azure_does_not_take_is_400(model: Model, changed: Json, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        await ask(model, **changed)
    assert raised.value.code == code
    assert model.requests == []


async def test_a_family_without_reasoning_takes_the_older_parameters() -> None:
    resource = Resource((Deployment("old", "gpt-4o-2024-11-20", reasoning=False),))
    with serve(resource=resource) as model:
        await ask(model, model="old", temperature=0, max_tokens=77, max_completion_tokens=None)
        assert model.requests[0].max_tokens == 77


async def test_a_body_over_the_limit_is_413() -> None:
    with serve(resource=Resource(max_body=1000)) as model, pytest.raises(openai.APIStatusError) as raised:
        await ask(model)
    assert raised.value.status_code == 413


async def test_the_quota_counts_what_may_be_answered_and_names_the_wait() -> None:
    quota = Quota(1000, 60, clock=lambda: 100.0)
    with serve(resource=Resource((Deployment("gpt-6-luna", "m", quota=quota),))) as model:
        async with client(model) as asking:
            first = await asking.chat.completions.with_raw_response.create(**body(picture(), max_completion_tokens=400))
            with pytest.raises(openai.RateLimitError) as raised:
                await asking.chat.completions.create(**body(picture(), max_completion_tokens=400))
        assert first.headers["x-ratelimit-limit-tokens"] == "1000"
        assert int(first.headers["x-ratelimit-remaining-tokens"]) < 600
        assert raised.value.response.headers["retry-after"] == "60"
        assert len(model.requests) == 1


def test_the_quota_opens_again_when_its_window_has_passed() -> None:
    now = [0.0]
    quota = Quota(1000, 12, clock=lambda: now[0])
    assert [quota.take(100).retry_after for _ in range(3)] == [None, None, 10.0]
    now[0] = 21.0
    assert quota.take(900).retry_after == pytest.approx(39.0)
    now[0] = 61.0
    assert quota.take(900).retry_after is None


async def test_the_model_can_be_down_and_up_again_at_the_same_address(model: Model) -> None:
    address = model.url
    model.down()
    with pytest.raises(openai.APIConnectionError):
        await ask(model)
    model.up()
    assert (await ask(model)).choices
    assert model.url == address


async def test_going_down_breaks_the_calls_that_wait(model: Model) -> None:
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(_request: object) -> Fault:
        loop.call_soon_threadsafe(reached.set)
        return faults.hang(600)

    model.script.then(hang)
    waiting = asyncio.create_task(ask(model))
    async with asyncio.timeout(5):
        await reached.wait()
    await asyncio.to_thread(model.down)
    with pytest.raises(openai.APIConnectionError):
        await waiting


async def test_the_clients_own_retry_gets_the_next_answer() -> None:
    with serve(Script(faults.server_error(), faults.rate_limited(0.001))) as model:
        async with client(model, max_retries=2) as asking:
            assert (await asking.chat.completions.create(**body(picture()))).choices
        assert len(model.requests) == 3


async def test_a_rule_that_breaks_is_a_500(model: Model) -> None:
    model.script.always(lambda request: Answer(str(request.body["nothing"])))
    with pytest.raises(openai.InternalServerError):
        await ask(model)


@pytest.mark.parametrize(
    ("size", "detail", "tokens"),
    [
        ((1024, 768), "high", 922),  # 32 x 24 patches at 1.2
        ((4000, 3000), "auto", 14_100),  # 125 x 94, not scaled
        ((2048, 2048), "high", 3000),  # scaled to 1600 x 1600, the budget of 2,500 patches
        ((4000, 3000), "low", 231),  # 512 x 384
    ],
)
def test_pictures_are_counted_by_the_published_rule(size: tuple[int, int], detail: str, tokens: int) -> None:
    assert image_tokens(*size, detail) == tokens


def test_a_body_that_is_not_json_is_400() -> None:
    with pytest.raises(faults.Rejected) as raised:
        read(b"{", Resource())
    assert raised.value.fault.status == 400


async def test_a_streamed_answer_comes_in_azures_events(model: Model) -> None:
    model.script.then(Answer("A red square."))
    async with client(model) as asking:
        request = {**body(picture()), "stream": True, "stream_options": {"include_usage": True}}
        stream = await asking.chat.completions.create(**request)
        chunks = [chunk async for chunk in stream]
    first, role, *pieces, end, usage = chunks
    assert (first.choices, first.model) == ([], "")
    assert "prompt_filter_results" in first.to_dict()
    assert role.choices[0].delta.role == "assistant"
    assert [piece.choices[0].delta.content for piece in pieces] == ["A ", "red ", "square."]
    assert end.choices[0].finish_reason == "stop"
    assert usage.choices == [] and usage.usage and usage.usage.completion_tokens > 0


async def test_a_stream_has_no_token_counts_unless_requested(model: Model) -> None:
    async with client(model) as asking:
        stream = await asking.chat.completions.create(**{**body(picture()), "stream": True})
        chunks = [chunk async for chunk in stream]
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert not any(chunk.usage for chunk in chunks)


async def test_stream_options_need_a_stream(model: Model) -> None:
    with pytest.raises(openai.BadRequestError, match="only allowed when 'stream'"):
        await ask(model, stream_options={"include_usage": True})


TOOLS: list[Json] = [
    {"type": "function", "function": {"name": "skip", "parameters": {"type": "object", "properties": {}}}},
    {"type": "function", "function": {"name": "note", "parameters": SCHEMA}},
]


async def test_a_tool_is_called_with_arguments_in_its_schema_and_its_result_is_answered(model: Model) -> None:
    chosen: Json = {"type": "function", "function": {"name": "note"}}
    asked = {**body(picture()), "tools": TOOLS, "tool_choice": chosen}
    del asked["response_format"]
    async with client(model) as asking:
        answer = await asking.chat.completions.create(**asked)
        assert answer.choices[0].finish_reason == "tool_calls"
        (call,) = answer.choices[0].message.tool_calls or []
        assert call.type == "function" and call.function.name == "note"
        jsonschema.validate(json.loads(call.function.arguments), SCHEMA)
        stream = await asking.chat.completions.create(**asked, stream=True)
        deltas = [each async for chunk in stream for choice in chunk.choices for each in choice.delta.tool_calls or ()]
        assert "".join(each.function.arguments or "" for each in deltas if each.function) == call.function.arguments
        result: Json = {"role": "tool", "tool_call_id": call.id, "content": "noted"}
        asked["messages"] += [answer.choices[0].message.model_dump(exclude_none=True), result]
        last = await asking.chat.completions.create(**asked)
    assert "640 by 480" in (last.choices[0].message.content or "")


def _input(url: str) -> list[Json]:
    part = {"type": "input_image", "image_url": url, "detail": "high"}
    return [{"role": "user", "content": [{"type": "input_text", "text": "Describe."}, part]}]


async def test_responses_answer_as_the_chat_completion_would(model: Model) -> None:
    form: Any = {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": SCHEMA}}
    tool: Any = {"type": "function", "name": "note", "parameters": SCHEMA, "strict": True}
    asked: Json = {"model": "gpt-6-luna", "input": _input(picture())}
    async with client(model) as asking:
        free = await asking.responses.create(**asked, instructions="Be brief.")
        strict = await asking.responses.create(**asked, text=form)
        cut = await asking.responses.create(**asked, max_output_tokens=3)
        called = await asking.responses.create(**asked, tools=[tool])
        async with asking.responses.stream(**asked) as stream:
            streamed = [event async for event in stream]
        (call,) = called.output
        result = {"type": "function_call_output", "call_id": "c", "output": "noted"}
        after = await asking.responses.create(
            **asked | {"input": [*asked["input"], call.model_dump(exclude_none=True), result]}, tools=[tool]
        )
    assert model.requests[0].prompts == ("Be brief.", "Describe.")
    assert free.usage and free.usage.input_tokens > image_tokens(640, 480, "high")
    jsonschema.validate(json.loads(strict.output_text), SCHEMA)
    assert (cut.status, cut.incomplete_details and cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert call.type == "function_call"
    jsonschema.validate(json.loads(call.arguments), SCHEMA)
    assert after.output_text == free.output_text
    assert "".join(event.delta for event in streamed if event.type == "response.output_text.delta") == free.output_text
    assert streamed[-1].type == "response.completed"


async def test_responses_know_no_item_that_was_not_sent(model: Model) -> None:
    async with client(model) as asking:
        with pytest.raises(openai.NotFoundError, match="msg_1"):
            await asking.responses.create(model="gpt-6-luna", input=[{"type": "item_reference", "id": "msg_1"}])
        with pytest.raises(openai.NotFoundError, match="previous_response_id"):
            await asking.responses.create(model="gpt-6-luna", input="Hi", previous_response_id="resp_1")
