"""A free answer as server-sent events: `piece` (its `text`), then `done` (the whole) or `problem`."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from describer.api import telling
from describer.api.forms import Form
from describer.api.problems import Problem
from describer.api.shapes import Answered
from describer.errors import DescriberError
from describer.ports import FreeAnswer


class EventStream(StreamingResponse):
    """The events as an answer. However it ends, the model is asked no longer: who leaves lets go of its slot.

    Args:
        first: the answer's first item, which is known to be there: until then a problem has a status of its own.
        rest: the further ones; closed at the end.
        request_id: of the call.
    """

    def __init__(self, first: str | FreeAnswer, rest: AsyncGenerator[str | FreeAnswer], request_id: str) -> None:
        self._rest = rest
        self._events = _events(first, rest, request_id)
        super().__init__(self._events, media_type=Form.EVENTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends them. Starlette itself leaves its iterator open where the caller is gone."""
        async with aclosing(self._rest), aclosing(self._events):
            await super().__call__(scope, receive, send)


async def _events(
    first: str | FreeAnswer, rest: AsyncGenerator[str | FreeAnswer], request_id: str
) -> AsyncGenerator[str]:
    try:
        yield _event(first)
        async for item in rest:
            yield _event(item)
    except DescriberError as error:
        telling.put_off(request_id, error)
        yield _written("problem", Problem.of(error).body(request_id))
    except Exception as error:
        telling.failed(request_id, error)
        yield _written("problem", Problem("internal", "An error that nobody thought of.").body(request_id))


def _event(item: str | FreeAnswer) -> str:
    if isinstance(item, FreeAnswer):
        return _written("done", Answered.of(item).model_dump(mode="json"))
    return _written("piece", {"text": item})


def _written(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
