"""A free answer as server-sent events: `piece` (its `text`), then `done` (the whole) or `problem`."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from describer.api import telling
from describer.api.problems import Problem
from describer.api.shapes import Answered
from describer.errors import DescriberError
from describer.ports import FreeAnswer


async def events(
    first: str | FreeAnswer, rest: AsyncGenerator[str | FreeAnswer], request_id: str
) -> AsyncIterator[str]:
    """The events, from the first item on, which is known to be there: until then a problem has a status of its own."""
    async with aclosing(rest):
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
