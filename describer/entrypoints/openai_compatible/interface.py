"""Forwards Chat Completions and Responses calls of OpenAI's clients to the app's model, with small pictures.

    key ─► body: model, what is refused ─► pictures ─► allowance ─► the app's limiter ─► the model ─► its answer

The rest of a request is forwarded unchanged. Nothing is stored, and no part of the conversation is logged. An answer
requested as a stream is sent as a stream in one piece: plain functions do not stream, see docs/adr.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from describer.domain import bugs
from describer.domain.errors import DescriberError, NotNow
from describer.domain.record import Usage
from describer.entrypoints.openai_compatible import bodies
from describer.entrypoints.openai_compatible.callers import Allowances, Callers
from describer.entrypoints.openai_compatible.errors import Refusal, refusal_of, unexpected
from describer.entrypoints.openai_compatible.pictures import CHAT, RESPONSES, Counted, Shrinker
from describer.pipeline import call_context
from describer.pipeline.call_context import HTTP_SECONDS
from describer.pipeline.daily_budget import DailyBudget, Paid
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.weighted_semaphore import Priority
from describer.vision.families import Families
from describer.vision.pricing import price

ANSWERED: Final = "openai_compatible.answered"
_ROOT: Final = "/api/openai"
_PATHS: Final = {"chat/completions": CHAT, "responses": RESPONSES}
_COPIES: Final = 3
"""Copies of a request's bytes in memory at a time: as received, as JSON and as sent."""
_UNKNOWN: Final = Refusal(404, "Here are only chat/completions, responses and models.", code="unknown_url")
_USAGE: Final = re.compile(rb'"usage"\s*:\s*\{')

_log = logging.getLogger(__name__)


class Answer(Protocol):
    """The answer of the model's server."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Any:
        """The headers that the caller gets too."""

    @property
    def content(self) -> bytes: ...


class Model(Protocol):
    """Sends a request to the model's server."""

    async def send(self, path: str, body: dict[str, Any]) -> Answer:
        """Send the request and return the answer. Raises NotNow: there is no answer."""


@dataclass(frozen=True, slots=True)
class OpenAiInterface:
    """Serves callers.

    Args:
        memory: memory for requests, shared with all other sources of pictures.
        models: deployments that callers may choose; any other name gets the first one.
        budget: the daily budget of all instances; None: unlimited.
        saved: called with a model and the number of image tokens saved.
    """

    model: Model
    shrinker: Shrinker
    callers: Callers
    allowances: Allowances
    memory: MemoryBudget
    families: Families
    models: tuple[str, ...]
    budget: DailyBudget | None = None
    saved: Callable[[str, int], None] = lambda _model, _tokens: None

    async def answer(self, request: Request) -> Response:
        """Serve one call and answer every error."""
        try:
            caller = await self.callers.name(request.headers)
            path, deployment = _place(request.url.path)
            if path.partition("/")[0] == "models" and request.method == "GET":
                return JSONResponse(self._listed(path.partition("/")[2]))
            if path not in _PATHS or request.method != "POST":
                return _UNKNOWN.response()
            with call_context.entered(HTTP_SECONDS, Priority.INTERACTIVE):
                return await self._asked(caller, path, deployment, request.headers, await request.body())
        except Refusal as refusal:
            return refusal.response()
        except DescriberError as error:
            return refusal_of(error).response()
        except Exception as error:  # noqa: BLE001 - no trace of an error leaves the interface
            _log.error("openai_compatible.unexpected", extra=bugs.facts(error))
            return unexpected().response()

    async def _asked(
        self, caller: str, path: str, deployment: str, headers: Mapping[str, str], data: bytes
    ) -> Response:
        with self.memory.try_reserve(_COPIES * len(data)) as reservation:
            body = bodies.read(data, headers.get("content-type", ""), headers.get("content-encoding", ""))
            bodies.refuse(body)
            asked = deployment or body.get("model")
            body["model"] = self._named(asked)
            left_out = () if asked == body["model"] else bodies.fit(body, self.families(body["model"]))
            if path == "responses":
                body["store"] = body.get("store") is True
            size = reservation.size
            counted = await self.shrinker.shrink(body, _PATHS[path], lambda more: reservation.extend(size + more))
            reservation.reduce(len(data) + _COPIES * counted.characters)
            answer = await self._forwarded(caller, path, body, counted)
            if left_out:
                answer.headers["x-parameters-left-out"] = ", ".join(left_out)
            return answer

    async def _forwarded(self, caller: str, path: str, body: dict[str, Any], counted: Counted) -> Response:
        most = self._usd(body["model"], bodies.maximum(body, counted.sent))
        self.allowances.take(caller, most)
        budgeted: AbstractAsyncContextManager[Paid] = (
            self.budget.call(most, usual=False) if self.budget else nullcontext(Paid())
        )
        spent = 0.0
        try:
            async with budgeted as paid:
                try:
                    answer = await self.model.send(f"/{path}", body)
                except NotNow as error:  # after a timeout, the model may have worked in vain
                    spent = paid.usd = most if error.counts_as_attempt else 0.0
                    raise
                used = _usage(answer.content) if answer.status < 400 else Usage()
                spent = paid.usd = self._usd(body["model"], used) if used else most
        finally:
            self.allowances.settle(caller, most, spent)
        headers = {
            **answer.headers,
            "x-image-tokens-sent": str(counted.sent),
            "x-image-tokens-as-asked": str(counted.asked),
        }
        facts = {"caller": caller, "path": path, "status": answer.status, "pictures": counted.pictures}
        saved = max(0, counted.asked - counted.sent) if answer.status < 400 else 0
        self.saved(body["model"], saved)
        _log.info(ANSWERED, extra=facts | {"image_tokens": counted.sent, "image_tokens_saved": saved})
        if answer.status >= 400 and not _is_error(answer.content):
            sentence = f"The model's server answered {answer.status} without a reason."
            raise Refusal(answer.status, sentence, kind="server_error", headers=headers)
        return Response(answer.content, answer.status, headers)

    def _named(self, asked: object) -> str:
        return asked if isinstance(asked, str) and asked in self.models else self.models[0]

    def _usd(self, model: str, used: Usage) -> float:
        return float(price(self.families(model), used) or 0)

    def _listed(self, name: str) -> dict[str, Any]:
        """Return the model of this name, or all if it is empty."""
        listed = {
            each.lower(): {"id": each, "object": "model", "created": 0, "owned_by": "image-describer"}
            for each in self.models
        }
        if not name:
            return {"object": "list", "data": list(listed.values())}
        if name not in listed:
            raise Refusal(404, "This model is not one of those here; see /models.", code="model_not_found")
        return listed[name]


def asgi(interface: Callable[[], OpenAiInterface]) -> Starlette:
    """Return the ASGI app; `interface` is called with the first request."""

    async def endpoint(request: Request) -> Response:
        return await interface().answer(request)

    return Starlette(routes=[Route("/{path:path}", endpoint, methods=["GET", "POST"])])


def _place(path: str) -> tuple[str, str]:
    """Return the operation and the deployment in the path: `/v1/…`, `/deployments/NAME/…`, or neither."""
    rest = path[path.lower().find(_ROOT) + len(_ROOT) :].strip("/") if _ROOT in path.lower() else ""
    found = re.fullmatch(r"(?:v1/|deployments/(?P<name>[^/]+)/)?(?P<what>.+)", rest)
    return (found["what"].lower(), found["name"] or "") if found else ("", "")


def _usage(content: bytes) -> Usage | None:
    """Return the usage in an answer of either interface, also from a stream's events; None if there is none."""
    for found in reversed(list(_USAGE.finditer(content))):
        try:
            usage, _ = json.JSONDecoder().raw_decode(content[found.end() - 1 :].decode("utf-8", "replace"))
        except ValueError:
            continue
        asked = usage.get("prompt_tokens", usage.get("input_tokens"))
        said = usage.get("completion_tokens", usage.get("output_tokens"))
        details = usage.get("prompt_tokens_details", usage.get("input_tokens_details"))
        if isinstance(asked, int) and isinstance(said, int):
            cached, written = (_number(details, name) for name in ("cached_tokens", "cache_write_tokens"))
            return Usage(
                prompt_tokens=max(0, asked),
                cached_tokens=cached,
                cache_write_tokens=written,
                completion_tokens=max(0, said),
                calls=1,
            )
    return None


def _number(members: object, name: str) -> int:
    value = members.get(name) if isinstance(members, dict) else None
    return value if isinstance(value, int) and value > 0 else 0


def _is_error(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content).get("error"), dict)
    except (ValueError, RecursionError, AttributeError):
        return False
