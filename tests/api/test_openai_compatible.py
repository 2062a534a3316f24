"""OpenAI's own client for Python asks through the interface, with nothing changed but address and key."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import (
    AsyncAzureOpenAI,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    DefaultAsyncHttpxClient,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from describer.adapters.chat.forward import Forwarder
from describer.adapters.chat.limiter import Limiter
from describer.domain.errors import FetchFailed, Transient, UrlFault
from describer.entrypoints.openai_compatible.callers import Allowances, Caller, Callers
from describer.entrypoints.openai_compatible.interface import OpenAiInterface, asgi
from describer.entrypoints.openai_compatible.pictures import Shrinker
from describer.pipeline.daily_budget import DailyBudget
from describer.pipeline.memory_budget import MemoryBudget
from describer.vision.families import Family, family
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import MIB, Limits
from tests import pictures
from tests.fakes import FakeLedger, FakeWeb

KEY = secrets.token_urlsafe(32)
MODEL = "gpt-5.6-luna"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
STREAM = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"A cat"}}]}\n\ndata: [DONE]\n\n'  # noqa: E501


PICTURE = (
    f"data:image/png;base64,{base64.b64encode(pictures.saved(pictures.scene(20, 20).convert('1'), 'PNG')).decode()}"
)
_ATOMS = st.sampled_from([
    None, True, 0, -1, 1.5, "", "x", PICTURE, "data:,", "auto", "original", "user", "image_url", "input_image", "file",
    "message", "function_call_output", "item_reference",
])  # fmt: skip
_NAMES = st.sampled_from([
    "type", "content", "output", "image_url", "url", "detail", "role", "file_id", "messages", "input", "model", "tools",
    "n", "max_tokens", "store", "stream", "service_tier", "temperature",
])  # fmt: skip
_ANY = st.recursive(_ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4))
_PART = st.fixed_dictionaries({"type": st.sampled_from(["image_url", "input_image"]) | _ANY, "image_url": _ANY})
_MESSAGE = st.fixed_dictionaries({"role": _ANY, "type": _ANY, "content": st.lists(_PART | _ANY, max_size=3) | _ANY})
BODIES = st.fixed_dictionaries(
    {"messages": st.lists(_MESSAGE, max_size=2) | _ANY, "input": st.lists(_MESSAGE, max_size=2) | _ANY},
    optional={"tools": _ANY, "n": _ANY, "max_tokens": _ANY, "model": _ANY, "service_tier": _ANY, "background": _ANY},
)
"""Requests that are nearly right."""


def families(_: str) -> Family:
    luna = family(MODEL)
    assert luna
    return luna


class DataWeb(FakeWeb):
    """Takes data: addresses apart, as the real one does; others are looked up."""

    async def fetch(self, url: str, extend: Any) -> bytes:
        if not url.startswith("data:") and url not in self.pages:
            raise FetchFailed("The URL is not allowed.", code=UrlFault.MALFORMED)
        return base64.b64decode(url.partition(",")[2]) if url.startswith("data:") else await super().fetch(url, extend)


@dataclass
class Upstream:
    """The model's server: keeps the bodies, and answers in either form."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answer: Response | None = None
    gate: asyncio.Event | None = None

    async def chat(self, request: Request) -> Response:
        body = await self._taken(request)
        if self.answer:
            return self.answer
        if body.get("stream"):
            return Response(STREAM, media_type="text/event-stream")
        message = {"role": "assistant", "content": "A cat."}
        if body.get("tools"):
            call = {"id": "1", "type": "function", "function": {"name": "note", "arguments": "{}"}}
            message |= {"content": None, "tool_calls": [call]}  # type: ignore[dict-item]
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}
        return JSONResponse(whole | {"usage": USAGE}, headers={"x-request-id": "upstream-1"})

    async def responses(self, request: Request) -> Response:
        body = await self._taken(request)
        text = {"type": "output_text", "text": "A cat.", "annotations": []}
        output = [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]}]
        usage = {"input_tokens": 1000, "output_tokens": 50, "total_tokens": 1050}
        whole = {"id": "r", "object": "response", "created_at": 1, "model": body["model"], "output": output}
        return JSONResponse(whole | {"usage": usage, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []})

    async def _taken(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.bodies.append(body)
        self.paths.append(request.url.path)
        if self.gate:
            await self.gate.wait()
        return body


@dataclass
class Setup:
    """The interface before that server, and OpenAI's clients before it."""

    upstream: Upstream
    memory: MemoryBudget
    preparer: ProcessPreparer
    web: DataWeb = field(default_factory=DataWeb)
    allowances: Allowances = field(default_factory=lambda: Allowances(1000, 5.0))

    def __post_init__(self) -> None:
        routes = [
            Route("/v1/chat/completions", self.upstream.chat, methods=["POST"]),
            Route("/v1/responses", self.upstream.responses, methods=["POST"]),
        ]
        transport = httpx2.ASGITransport(Starlette(routes=routes))
        server = AsyncOpenAI(
            base_url="http://model/v1/", api_key="app", max_retries=0,
            http_client=DefaultAsyncHttpxClient(transport=transport),
        )  # fmt: skip
        interface = OpenAiInterface(
            Forwarder(server, Limiter(64), 30.0),
            Shrinker(self.preparer, self.web, families, "high"),
            Callers([Caller("cms", KEY), Caller("other", secrets.token_urlsafe(32))]),
            self.allowances,
            self.memory,
            families,
            (MODEL, "gpt-5.6-sol"),
        )
        self.interface = interface
        self.app = asgi(lambda: interface)

    def transport(self) -> DefaultAsyncHttpxClient:
        return DefaultAsyncHttpxClient(transport=httpx2.ASGITransport(self.app), timeout=60)

    def client(self, key: str = KEY) -> AsyncOpenAI:
        return AsyncOpenAI(
            base_url="http://app/api/openai/v1", api_key=key, max_retries=0, http_client=self.transport()
        )

    def azure(self) -> AsyncAzureOpenAI:
        return AsyncAzureOpenAI(
            azure_endpoint="http://app/api", api_key=KEY, api_version="2025-04-01-preview", max_retries=0,
            http_client=self.transport(),
        )  # fmt: skip


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    preparer = ProcessPreparer(families, Limits(), text_tokens=6000)
    yield Setup(Upstream(), MemoryBudget(64 * MIB), preparer)
    await preparer.close()


def url(data: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def asked(*urls: str, **more: Any) -> list[Any]:
    parts = [{"type": "image_url", "image_url": {"url": one, **more}} for one in urls]
    return [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, *parts]}]


def sent(body: dict[str, Any]) -> list[tuple[int, int]]:
    """The sides of the pictures that reached the model, each a JPEG with its detail set."""
    parts = [part for part in body["messages"][0]["content"] if part["type"] == "image_url"]
    assert all(part["image_url"]["detail"] in {"low", "high", "original"} for part in parts)
    return [pictures.size(base64.b64decode(part["image_url"]["url"].partition(",")[2])) for part in parts]


async def test_a_large_picture_goes_on_small_and_the_answer_comes_back_as_it_is(setup: Setup) -> None:
    raw = await setup.client().chat.completions.with_raw_response.create(
        model=MODEL, messages=asked(url(pictures.jpeg(4000, 3000))), temperature=0.5, user="u"
    )
    assert raw.parse().choices[0].message.content == "A cat."
    (body,) = setup.upstream.bodies
    assert {name: body[name] for name in ("model", "temperature", "user")} == {
        "model": MODEL, "temperature": 0.5, "user": "u",
    }  # fmt: skip
    assert body["messages"][0]["content"][0] == {"type": "text", "text": "What is it?"}
    ((width, height),) = sent(body)
    assert width * height < 2_000_000
    tokens = int(raw.headers["x-image-tokens-sent"]), int(raw.headers["x-image-tokens-as-asked"])
    assert tokens[0] * 10 <= tokens[1]
    assert raw.headers["x-request-id"] == "upstream-1"


@pytest.mark.parametrize("kind", pictures.EVERY_KIND)
async def test_every_kind_of_picture_that_the_app_reads_is_answered(setup: Setup, kind: str) -> None:
    _, data = pictures.EVERY_KIND[kind]
    answer = await setup.client().chat.completions.create(
        model=MODEL, messages=asked(url(data, "image/x"), detail="auto")
    )
    assert answer.choices[0].message.content == "A cat."
    assert sent(setup.upstream.bodies[0])


async def test_several_pictures_keep_their_order_and_their_detail(setup: Setup) -> None:
    setup.web.pages["https://pictures.example/b.jpg"] = pictures.jpeg(300, 200)
    messages = asked(url(pictures.jpeg(100, 80)), "https://pictures.example/b.jpg", detail="low")
    await setup.client().chat.completions.create(model=MODEL, messages=messages)
    (body,) = setup.upstream.bodies
    assert [width > height for width, height in sent(body)] == [True, True]
    assert [part["image_url"]["detail"] for part in body["messages"][0]["content"][1:]] == ["low", "low"]


async def test_a_stream_comes_in_its_form_and_whole(setup: Setup) -> None:
    stream = await setup.client().chat.completions.create(model=MODEL, messages=asked(), stream=True)
    assert [chunk.choices[0].delta.content async for chunk in stream] == ["A cat"]


async def test_schemas_and_tools_go_through(setup: Setup) -> None:
    tools: list[Any] = [{"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}]
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    answer = await setup.client().chat.completions.create(
        model=MODEL, messages=asked(), tools=tools, response_format=form
    )
    assert answer.choices[0].message.tool_calls
    assert (setup.upstream.bodies[0]["tools"], setup.upstream.bodies[0]["response_format"]) == (tools, form)


async def test_responses_store_nothing_unless_asked(setup: Setup) -> None:
    picture = {"type": "input_image", "image_url": url(pictures.jpeg(4000, 3000)), "detail": "auto"}
    given: list[Any] = [{"role": "user", "content": [{"type": "input_text", "text": "?"}, picture]}]
    answer = await setup.client().responses.create(model=MODEL, input=given)
    assert answer.output_text == "A cat."
    await setup.client().responses.create(model=MODEL, input="Hi", store=True)
    assert [body["store"] for body in setup.upstream.bodies] == [False, True]
    part = setup.upstream.bodies[0]["input"][0]["content"][1]
    assert part["detail"] == "high"
    assert pictures.size(base64.b64decode(part["image_url"].partition(",")[2]))[0] < 2000


async def test_the_paths_of_azures_client(setup: Setup) -> None:
    await setup.azure().chat.completions.create(model="gpt-5.6-sol", messages=asked())
    await setup.azure().responses.create(model="gpt-5.6-sol", input="Hi")
    await setup.client().chat.completions.create(model="gpt-4o", messages=asked())
    assert [body["model"] for body in setup.upstream.bodies] == ["gpt-5.6-sol", "gpt-5.6-sol", MODEL]
    assert setup.upstream.paths == ["/v1/chat/completions", "/v1/responses", "/v1/chat/completions"]
    assert [model.id async for model in setup.client().models.list()] == [MODEL, "gpt-5.6-sol"]


@pytest.mark.parametrize("key", ["", "wrong", KEY[:-1], KEY + "x"], ids=["none", "wrong", "shorter", "longer"])
async def test_without_a_key_the_error_reveals_nothing(setup: Setup, key: str) -> None:
    with pytest.raises(AuthenticationError) as refused:
        await setup.client(key or "none").chat.completions.create(model=MODEL, messages=asked())
    assert refused.value.code == "invalid_api_key"
    assert not setup.upstream.bodies


@pytest.mark.parametrize(
    "more", [{"previous_response_id": "r"}, {"background": True}, {"extra_body": {"conversation": "c"}}]
)
async def test_what_needs_storage_is_refused_with_a_sentence(setup: Setup, more: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match="Nothing is stored here"):
        await setup.client().responses.create(model=MODEL, input="Hi", **more)
    assert not setup.upstream.bodies


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"type": "file", "file": {"file_id": "f"}}, "Files are not taken"),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,eHl6"}},
            "not in a supported picture format",
        ),
        ({"type": "image_url", "image_url": {}}, "data: or https:"),
    ],
)
async def test_what_is_no_picture_is_named_by_its_place(setup: Setup, part: Any, says: str) -> None:
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "?"}, part]}]
    with pytest.raises(BadRequestError, match=says) as refused:
        await setup.client().chat.completions.create(model=MODEL, messages=messages)
    assert not setup.upstream.bodies
    assert refused.value.type == "invalid_request_error"


async def test_errors_of_the_model_come_as_they_are(setup: Setup) -> None:
    error = {"error": {"message": "content filter", "type": "invalid_request_error", "code": "content_filter"}}
    setup.upstream.answer = JSONResponse(error, 400)
    with pytest.raises(BadRequestError) as refused:
        await setup.client().chat.completions.create(model=MODEL, messages=asked())
    assert refused.value.code == "content_filter"
    setup.upstream.answer = JSONResponse({"error": {"message": "key"}}, 401)
    with pytest.raises(Exception, match="missing or refuses") as own:
        await setup.client().chat.completions.create(model=MODEL, messages=asked())
    assert getattr(own.value, "status_code", 0) == 500, "the app's own sign-in is not the caller's"


async def test_each_caller_has_calls_and_money_of_its_own(setup: Setup) -> None:
    setup.allowances.calls = 1
    await setup.client().chat.completions.create(model=MODEL, messages=asked())
    with pytest.raises(RateLimitError, match="Today's calls") as refused:
        await setup.client().chat.completions.create(model=MODEL, messages=asked())
    assert int(refused.value.response.headers["retry-after"]) > 0
    setup.allowances.calls, setup.allowances.usd = 100, 0.0065

    async def ask_on() -> None:
        for _ in range(100):
            await setup.client().chat.completions.create(model=MODEL, messages=asked())

    with pytest.raises(RateLimitError, match="Today's US dollars"):
        await ask_on()
    spent = len(setup.upstream.bodies) * (1000 * 0.2 + 50 * 1.2) / 1e6
    assert 0.0015 * 0.9 < spent < 0.0065
    with pytest.raises(BadRequestError, match="may cost more") as never:
        await setup.client().chat.completions.create(model=MODEL, messages=asked(), max_completion_tokens=10**9)
    assert never.value.code == "call_too_expensive"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "n"])
async def test_negative_numbers_buy_no_allowance(setup: Setup, name: str) -> None:
    setup.upstream.answer = JSONResponse({"error": {"message": "too small"}}, 400)
    setup.upstream.gate = asyncio.Event()
    call = asyncio.create_task(
        setup.client().chat.completions.create(model=MODEL, messages=asked(), extra_body={name: -(10**12)})
    )
    while not setup.upstream.bodies:
        await asyncio.sleep(0.01)
    assert setup.allowances._of("cms").usd > 0
    setup.upstream.gate.set()
    with pytest.raises(BadRequestError, match="too small"):
        await call
    assert setup.allowances._of("cms").usd == 0


async def test_a_call_that_timed_out_is_paid_for_and_one_that_had_no_turn_is_not(setup: Setup) -> None:
    def failing(error: Transient) -> OpenAiInterface:
        async def send(_path: str, _body: Any) -> Any:
            raise error

        return replace(setup.interface, model=SimpleNamespace(send=send))

    for error, paid in ((Transient("no turn"), False), (Transient("no answer", counts_as_attempt=True), True)):
        setup.app = asgi(lambda error=error: failing(error))  # type: ignore[misc]
        with pytest.raises(InternalServerError) as failed:
            await setup.client().chat.completions.create(model=MODEL, messages=asked())
        assert failed.value.status_code == 503
        assert bool(setup.allowances._of("cms").usd) is paid


async def test_a_used_up_budget_is_a_quota_and_holds_up_no_cheaper_call(setup: Setup) -> None:
    budget = DailyBudget(0.02, FakeLedger())
    setup.app = asgi(lambda: replace(setup.interface, budget=budget))
    with pytest.raises(RateLimitError, match="DAILY_BUDGET_USD") as refused:
        await setup.client().chat.completions.create(model=MODEL, messages=asked(), max_completion_tokens=20_000)
    assert refused.value.code == "insufficient_quota"
    assert budget.deferral() is None
    await setup.client().chat.completions.create(model=MODEL, messages=asked())
    await budget.close()


@pytest.mark.parametrize(
    ("data", "headers", "status", "says"),
    [
        (b"", {}, 400, "empty"),
        (b"{", {}, 400, "no JSON"),
        (b"\xff{", {}, 400, "no JSON"),
        (b"[]", {}, 400, "JSON object"),
        (b'{"temperature": NaN}', {}, 400, "number that JSON does not have"),
        (b'{"temperature": 1e999}', {}, 400, "number that JSON does not have"),
        (b'{"messages": "\\ud800"}', {}, 400, "surrogate"),
        (b'{"\\udfff": 1}', {}, 400, "surrogate"),
        (b'{"messages": ' + b"[" * 500 + b"]" * 500 + b"}", {}, 400, "deeper than 200"),
        (b'{"messages": ' + b"[" * 500_000 + b"]" * 500_000 + b"}", {}, 400, "no JSON"),
        (b'{"n": ' + b"9" * 5000 + b"}", {}, 400, "no JSON"),
        (b'{"n": ' + b"9" * 4000 + b"}", {}, 400, "may cost more"),
        (b"--x\r\n", {"content-type": "multipart/form-data; boundary=x"}, 415, "Send JSON"),
        (b"{}", {"content-encoding": "gzip"}, 415, "Compressed"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_body_that_cannot_be_passed_on_is_refused_with_a_sentence(
    setup: Setup, data: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    async with setup.transport() as http:
        answer = await http.post(
            "http://app/api/openai/v1/chat/completions",
            content=data,
            headers={"api-key": KEY, "content-type": "application/json"} | headers,
        )
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (status, "invalid_request_error")
    assert says in error["message"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert not setup.upstream.bodies
    assert setup.memory.held == 0


@pytest.mark.parametrize(
    ("more", "param", "says"),
    [
        ({"tools": [{"type": "file_search", "vector_store_ids": ["v"]}]}, "tools[0]", "Files are not taken"),
        ({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, "tools[0]", "Files are not"),
        ({"tools": [{"type": "web_search_preview"}]}, "tools[0]", "more than its tokens"),
        ({"tools": [{"type": "image_generation"}]}, "tools[0]", "more than its tokens"),
        ({"service_tier": "priority"}, "service_tier", "standard tier"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]", "send the item itself"),
        ({"input": [{"type": "input_image", "image_url": "https://a.example/"}]}, "input[0]", "content of a message"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0]",
            "files are not taken",
        ),
    ],
)
async def test_what_a_response_may_not_have_is_named_by_its_place(
    setup: Setup, more: dict[str, Any], param: str, says: str
) -> None:
    with pytest.raises(BadRequestError, match=says) as refused:
        await setup.client().responses.create(**{"model": MODEL, "input": "Hi", **more})
    assert refused.value.param == param
    assert not setup.upstream.bodies


async def test_pictures_of_responses_are_found_in_messages_and_in_results_of_tools(setup: Setup) -> None:
    picture = {"type": "input_image", "image_url": url(pictures.jpeg(2000, 1500))}
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "?"}, picture]}
    call = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c", "output": [dict(picture)]}
    raw = await setup.client().responses.with_raw_response.create(model=MODEL, input=[message, call, output])  # type: ignore[list-item]
    assert int(raw.headers["x-image-tokens-sent"]) > 0
    first, middle, last = setup.upstream.bodies[0]["input"]
    assert middle == call
    for part in (first["content"][1], last["output"][0]):
        assert (part["type"], part["detail"]) == ("input_image", "high")
        assert pictures.size(base64.b64decode(part["image_url"].partition(",")[2]))[0] < 2000


async def test_parameters_for_another_model_are_fitted_to_the_one_that_answers(setup: Setup) -> None:
    given: dict[str, Any] = {"temperature": 0.1, "top_p": 0.9, "max_tokens": 300, "stop": ["x"]}
    raw = await setup.client().chat.completions.with_raw_response.create(model="gpt-4o", messages=asked(), **given)
    body = setup.upstream.bodies[0]
    assert raw.headers["x-parameters-left-out"] == "temperature, top_p"
    assert "temperature" not in body and "top_p" not in body and "max_tokens" not in body
    assert (body["max_completion_tokens"], body["stop"]) == (300, ["x"])
    await setup.client().chat.completions.create(model=MODEL, messages=asked(), **given)
    assert given.items() <= setup.upstream.bodies[1].items(), "its own parameters go on as they are"


@pytest.mark.parametrize(("name", "detail"), [("gpt-5.1", "high"), ("gpt-5.2", "high"), (MODEL, "original")])
async def test_a_detail_that_the_model_lacks_counts_as_none(setup: Setup, name: str, detail: str) -> None:
    found = family(name)
    assert found
    shrinker = replace(setup.interface.shrinker, families=lambda _: found)
    interface = replace(setup.interface, families=lambda _: found, shrinker=shrinker)
    setup.app = asgi(lambda: interface)
    raw = await setup.client().chat.completions.with_raw_response.create(
        model=MODEL, messages=asked(url(pictures.jpeg(900, 700)), detail="original")
    )
    assert setup.upstream.bodies[0]["messages"][0]["content"][1]["image_url"]["detail"] == detail
    assert 0 < int(raw.headers["x-image-tokens-sent"]) <= int(raw.headers["x-image-tokens-as-asked"])


@settings(max_examples=150, database=None, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, place=st.sampled_from(["v1/chat/completions", "v1/responses", "deployments/x/responses"]))
async def test_no_body_is_a_bug(setup: Setup, body: dict[str, Any], place: str) -> None:
    setup.allowances.calls = 10**6
    async with setup.transport() as http:
        answer = await http.post(f"http://app/api/openai/{place}", json=body, headers={"api-key": KEY})
    assert answer.status_code in {200, 400}, answer.text
    assert answer.status_code == 200 or answer.json()["error"]["type"] == "invalid_request_error"
    assert setup.memory.held == 0


async def test_memory_is_given_back_once_the_pictures_are_small(setup: Setup) -> None:
    setup.upstream.gate = asyncio.Event()
    picture = url(pictures.jpeg(1200, 900) + bytes(8 * MIB))
    call = asyncio.create_task(setup.client().chat.completions.create(model=MODEL, messages=asked(picture)))
    while not setup.upstream.bodies:
        await asyncio.sleep(0.01)
    assert len(picture) <= setup.memory.held < 1.5 * len(picture)
    setup.upstream.gate.set()
    await call
    assert setup.memory.held == 0


async def test_an_error_of_the_models_server_without_openais_form_gets_it(setup: Setup) -> None:
    setup.upstream.answer = Response("<html>Bad gateway</html>", 502, media_type="text/html")
    with pytest.raises(InternalServerError, match="answered 502 without a reason") as failed:
        await setup.client().chat.completions.create(model=MODEL, messages=asked())
    assert failed.value.type == "server_error"
    setup.upstream.answer = JSONResponse({"statusCode": 429, "message": "slow"}, 429, {"retry-after": "7"})
    with pytest.raises(RateLimitError) as busy:
        await setup.client().chat.completions.create(model=MODEL, messages=asked())
    assert busy.value.response.headers["retry-after"] == "7"


async def test_a_model_is_found_by_its_name(setup: Setup) -> None:
    assert (await setup.client().models.retrieve("gpt-5.6-sol")).id == "gpt-5.6-sol"
    with pytest.raises(NotFoundError, match="see /models"):
        await setup.client().models.retrieve("gpt-4o")


async def test_an_unknown_path_gets_an_error(setup: Setup) -> None:
    with pytest.raises(NotFoundError, match="only chat/completions"):
        await setup.client().embeddings.create(model=MODEL, input="x")


async def test_concurrent_calls_reserve_at_most_the_budget_and_the_rest_get_retry_after(setup: Setup) -> None:
    setup.upstream.gate = asyncio.Event()
    picture = url(pictures.jpeg(1200, 900) + bytes(MIB))
    calls = [
        asyncio.create_task(setup.client().chat.completions.create(model=MODEL, messages=asked(picture)))
        for _ in range(100)
    ]
    while sum(call.done() for call in calls) + len(setup.upstream.bodies) < len(calls):
        await asyncio.sleep(0.01)
    assert setup.memory.held <= setup.memory.size
    setup.upstream.gate.set()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    refused = [end for end in ended if isinstance(end, RateLimitError)]
    assert 0 < len(refused) < len(calls)
    assert all(isinstance(end, RateLimitError) or not isinstance(end, BaseException) for end in ended)
    assert all(int(end.response.headers["retry-after"]) >= 1 for end in refused)
    assert setup.memory.held == 0


async def test_nothing_of_the_conversation_is_logged(setup: Setup, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "describer"):
        await setup.client().chat.completions.create(model=MODEL, messages=asked(url(pictures.jpeg(100, 80))))
    (line,) = [record for record in caplog.records if record.name.startswith("describer.entrypoints.openai_compatible")]
    assert line.getMessage() == "openai_compatible.answered"
    told = json.dumps({name: str(value) for name, value in vars(line).items()})
    assert "What is it" not in told and "A cat" not in told and KEY not in told
