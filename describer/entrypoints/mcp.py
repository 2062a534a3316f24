"""The MCP tool `describe_image`: arguments in, JSON out. What an agent is told of it stands in mcp_tools.py.

Clients give up after 60 s, and a call that they give up cannot be stopped on Azure. So the tool answers "not yet"
before that, goes on, and keeps what it paid for: the agent's next call with the same picture gets it.
"""

import asyncio
import json
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError
from pydantic_core import from_json  # half as long as `json.loads`, and all of it in one step

from describer.domain import bugs
from describer.domain.addresses import is_address
from describer.domain.errors import DescriberError, InvalidRequest, Misconfigured, NotNow, TooLarge
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.entrypoints.on_demand.service import BlobOf, OnDemandService, PictureSource, RequestOptions, Url
from describer.pipeline.call_context import HTTP_SECONDS, limited
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.unpacking import unpacked
from describer.pipeline.weighted_semaphore import Priority

FIELDS: Final = (
    "status",
    "reason",
    "alt_text",
    "description",
    "extended_description",
    "visible_text",
    "tags",
    "is_decorative",
    "language",
    "flags",
)
"""What of a record an agent is told."""
ANSWER_SECONDS: Final = 50.0
"""Within which the tool answers: the official TypeScript client gives up after 60."""
MOST_CHARACTERS: Final = 104_857_600
"""Of a call's JSON: what the platform passes on at most; see http/middleware.py."""
_NOT_YET: Final = {
    "error": "not yet",
    "retry_after_seconds": 10,
    "hint": "Call again with the same arguments: the answer is kept, and costs nothing more.",
}

_NO_BLOB: Final = "blob has to be a container and a name, such as images/cat.jpg, and no address."
_Text = Annotated[StrictStr, BeforeValidator(lambda given: "" if given is None else given)]
_log = logging.getLogger(__name__)


class Arguments(BaseModel):
    """What an agent gives; the host checks neither types nor which go together."""

    model_config = ConfigDict(frozen=True)

    url: _Text = ""
    blob: _Text = ""
    language: _Text = ""
    about: _Text = ""

    def source(self) -> PictureSource:
        """The picture. Raises InvalidRequest."""
        if bool(self.url) == bool(self.blob):
            raise InvalidRequest("Give either url or blob, and not both.", field="url")
        if self.url:
            url = Url(self.url)
            return replace(url, reserved=url.holds_picture)
        container, slash, name = self.blob.partition("/")
        if not (container and slash and name) or is_address(self.blob):
            raise InvalidRequest(_NO_BLOB, field="blob")
        return BlobOf(ImageRef(container, name))

    def order(self) -> RequestOptions:
        """The other wishes."""
        return RequestOptions(languages=(self.language,) if self.language else (), context=self.about)


class Invocation(BaseModel):
    """What the extension hands over: of its JSON only the arguments are read."""

    arguments: Arguments = Field(default_factory=Arguments)


@dataclass(frozen=True, slots=True)
class DescribeImage:
    """The tool.

    Args:
        on_demand: where callers ask.
        memory: for what they bring: a picture in a `data:` URL counts before it is unpacked.
        answer_seconds: after which the answer is "not yet".
    """

    on_demand: OnDemandService
    memory: MemoryBudget
    answer_seconds: float = ANSWER_SECONDS
    _under_way: set[asyncio.Task[dict[str, Any]]] = field(default_factory=set)

    async def call(self, context: str) -> str:
        """JSON of what became of the picture, or of why nothing could; `context` is the extension's own JSON."""
        work = asyncio.create_task(self._answer(context))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        done, _ = await asyncio.wait({work}, timeout=self.answer_seconds)
        return json.dumps(work.result() if done else _NOT_YET, ensure_ascii=False)

    async def close(self) -> None:
        """End what goes on for callers who were told "not yet"."""
        work = [*self._under_way]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def _answer(self, context: str) -> dict[str, Any]:
        """Never raises, as nobody may be there to see it."""
        source = None
        try:
            async with limited(HTTP_SECONDS, Priority.INTERACTIVE):
                self._check(len(context))
                with self.memory.try_reserve(_memory(context)):
                    asked = await _arguments(context)
                    source = asked.source()
                    return _as_json(await self.on_demand.describe(source, self.on_demand.brief(asked.order())))
        except _Unreadable as error:
            return {"error": str(error)}
        except DescriberError as error:
            return _refused(error, source)
        except Exception as error:  # noqa: BLE001 - the host would log and export it, sentence and all
            _log.error("mcp.failed", extra=bugs.facts(error))
            return {"error": "Something went wrong inside; the image describer's operators can see where."}

    def _check(self, length: int) -> None:
        most = min(MOST_CHARACTERS, self.memory.size // 7 * 4)
        if length > most:
            raise TooLarge(
                f"A call has at most {most:,} characters here, which is a picture of some {most * 3 // 4:,} bytes in a "
                "data: URL; give the https: URL of a larger one, or its blob."
            )


def _memory(context: str) -> int:
    """Bytes for the texts in a call and the picture that may be in them."""
    return len(context) // 4 * 7


class _Unreadable(Exception):
    """The call is not one of this tool; the text says why. A `ValueError` would be taken for a bug's."""


async def _arguments(context: str) -> Arguments:
    try:
        return Invocation.model_validate(await unpacked(from_json, context)).arguments
    except ValidationError as error:
        raise _Unreadable(" ".join(_faults(error))) from None
    except ValueError:  # by `from_json`, whose sentence speaks of lines and columns
        raise _Unreadable("The call is not valid JSON.") from None


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False):
        yield f"{fault['loc'][-1]} has to be a text." if fault["loc"] else "The call has to be a JSON object."


def _as_json(record: Record) -> dict[str, Any]:
    return record.model_dump(mode="json", include=set(FIELDS))


def _refused(error: DescriberError, source: PictureSource | None) -> dict[str, Any]:
    """A sentence for the agent; what is wrong with the installation is for its operators, in the log."""
    _log_refusal(error, source)
    if isinstance(error, Misconfigured):
        return {"error": "What the image describer needs is missing or refuses it; its operators can see what."}
    wait = error.retry_after if isinstance(error, NotNow) else None
    problem = {"error": f"{str(error).removesuffix('.')}."}
    return problem | {"retry_after_seconds": math.ceil(wait)} if wait else problem


def _log_refusal(error: DescriberError, source: PictureSource | None) -> None:
    """What is the agent's own fault is logged by its kind: its sentence may quote what the agent said."""
    if isinstance(error, NotNow):
        picture = {"picture": source.ref} if isinstance(source, BlobOf) else {}
        _log.log(error.level, "mcp.put_off", extra=picture | {"reason": error.message})
    else:
        _log.info("mcp.refused", extra={"error": type(error).__name__})
