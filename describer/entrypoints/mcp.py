"""The MCP tools: a call's JSON in, a result's JSON out. mcp_tools.py has their descriptions for agents.

Clients time out after 60 s, and a call cannot be cancelled on Azure. So a tool answers "not yet" before that,
continues, and keeps the paid answer for the agent's next call with the same arguments.
"""

import asyncio
import hashlib
import json
import logging
import math
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import from_json  # half as long as `json.loads`, and all of it in one step

from describer.domain import bugs, companions, dates
from describer.domain.errors import DescriberError, InvalidRequest, Misconfigured, NotNow, TooLarge
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Status
from describer.entrypoints import mcp_arguments
from describer.entrypoints.mcp_arguments import AskAboutImages, DescribeImage, FindDescriptions, FindUndescribed
from describer.entrypoints.mcp_files import AllowedFiles
from describer.entrypoints.on_demand.service import FreeAnswer, OnDemandService
from describer.pipeline.call_context import HTTP_SECONDS, limited
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.find_records import Wanted
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.unpacking import unpacked
from describer.pipeline.weighted_semaphore import Priority

UNTRUSTED: Final = "text_in_picture_untrusted"
FIELDS: Final = (
    "status",
    "reason",
    "alt_text",
    "description",
    "extended_description",
    "tags",
    "is_decorative",
    "language",
    "flags",
)
"""The fields of a record for agents, besides the text in the picture."""
MAX_FIELD: Final = 4000
"""Characters of a field; one hostile screenshot could otherwise fill an agent's context window."""
MAX_ITEMS: Final = 100
"""Items of a list."""
ANSWER_SECONDS: Final = 50.0
"""Seconds within which a tool answers; the official TypeScript client times out after 60."""
KEPT_SECONDS: Final = 600.0
KEPT_ANSWERS: Final = 100
"""Maximum number of kept answers to questions, for callers who got "not yet"; answer_cache.py keeps descriptions."""
MAX_CHARACTERS: Final = 104_857_600
"""Characters of a call's JSON that the platform passes on at most; see http/middleware.py."""
_NOT_YET: Final = {
    "error": "not yet",
    "retry_after_seconds": 10,
    "hint": "Call again with the same arguments: the answer is kept and costs nothing more.",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A tool's answer: JSON by the tool's schema, or an error."""

    content: dict[str, Any]
    is_error: bool = False

    def result(self) -> dict[str, Any]:
        """Return an MCP result. An error has no structured content, since clients validate that against the schema."""
        text = json.dumps(self.content, ensure_ascii=False)
        result = {"content": [{"type": "text", "text": text}], "isError": self.is_error}
        return result if self.is_error else result | {"structuredContent": self.content}


@dataclass(frozen=True, slots=True)
class Tools:
    """All tools.

    Args:
        memory: budget for arguments: a picture in a `data:` URL counts before it is decoded.
        account: address of the pictures' blob service, to recognize blobs' addresses; or empty.
        answer_seconds: seconds after which the answer is "not yet".
        files: that may be read where this server runs; none on Azure.
    """

    on_demand: OnDemandService
    catalogue: Catalogue
    memory: MemoryBudget
    account: str = ""
    answer_seconds: float = ANSWER_SECONDS
    files: AllowedFiles | None = None
    _under_way: set[asyncio.Task[Outcome]] = field(default_factory=set)
    _answers: dict[str, asyncio.Task[FreeAnswer]] = field(default_factory=dict)

    async def call(self, tool: str, context: str) -> str:
        """Return an MCP result in the extension's envelope. `context` is the extension's JSON of the call."""
        content = json.dumps((await self.outcome(tool, context)).result(), ensure_ascii=False)
        return json.dumps({"type": "call_tool_result", "content": content}, ensure_ascii=False)

    async def outcome(self, tool: str, context: str) -> Outcome:
        """Return the outcome of a call, or "not yet"."""
        work = asyncio.create_task(self._worked(tool, context))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        done, _ = await asyncio.wait({work}, timeout=self.answer_seconds)
        return work.result() if done else Outcome(_NOT_YET, is_error=True)

    async def close(self) -> None:
        """Cancel the work for callers who got "not yet"."""
        work = [*self._under_way, *self._answers.values()]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def _worked(self, tool: str, context: str) -> Outcome:
        """Run a call. Never raises, since the caller may be gone."""
        asked = _Asked()
        try:
            async with limited(HTTP_SECONDS, Priority.INTERACTIVE):
                self._check(len(context))
                with self.memory.try_reserve(_memory(context)):
                    arguments = await unpacked(_arguments, context)
                    given = mcp_arguments.read(tool, arguments, files=self._reads_files)
                    return Outcome(_truncated(await self._answer(given, asked)))
        except DescriberError as error:
            return _rejected(error, asked.blobs)
        except Exception as error:  # noqa: BLE001 - the host would log and export it with its message
            _log.error("mcp.failed", extra=bugs.facts(error))
            return _error("Internal error; the image describer's operators can see the cause.")

    async def _answer(self, given: BaseModel, asked: "_Asked") -> dict[str, Any]:
        match given:
            case DescribeImage():
                return await self._describe(given, asked)
            case AskAboutImages():
                return await self._ask(given, asked)
            case FindDescriptions(name=name) if name:
                ref = ImageRef(self.catalogue.watched(given.container or None), name)
                return {"descriptions": [_entry(await self.on_demand.stored(ref))], "cursor": None}
            case FindDescriptions():
                return await self._find(given)
            case FindUndescribed():
                return await self._undescribed(given)
            case _:
                raise AssertionError("unreachable: there are no other tools")

    async def _describe(self, given: DescribeImage, asked: "_Asked") -> dict[str, Any]:
        source = await asyncio.to_thread(given.source, self.account, self.files)
        asked.blobs = self.on_demand.watched([source])
        record = await self.on_demand.describe(source, self.on_demand.brief(given.options()))
        return record.model_dump(mode="json", include={*FIELDS}) | {UNTRUSTED: record.visible_text}

    async def _ask(self, given: AskAboutImages, asked: "_Asked") -> dict[str, Any]:
        sources = await asyncio.to_thread(given.sources, self.account, self.files)
        asked.blobs = self.on_demand.watched(sources)
        question = self.on_demand.question(given.question, given.options())
        key = await asyncio.to_thread(_key, given)
        said = await asyncio.shield(self._answer_kept(key) or self._keep(key, self.on_demand.answer(sources, question)))
        return {"answer_untrusted": said.text, "ending": str(said.ending), "model": said.model}

    def _answer_kept(self, key: str) -> asyncio.Task[FreeAnswer] | None:
        """Return the current or kept answer to the same question, unless it failed."""
        known = self._answers.get(key)
        failed = known is not None and known.done() and (known.cancelled() or known.exception() is not None)
        return None if failed else known

    def _keep(self, key: str, asking: Coroutine[Any, Any, FreeAnswer]) -> asyncio.Task[FreeAnswer]:
        while len(self._answers) >= KEPT_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = work = asyncio.create_task(asking)
        work.add_done_callback(lambda task: task.cancelled() or task.exception())  # the caller may be gone
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._answers.pop, key, None)
        return work

    async def _find(self, given: FindDescriptions) -> dict[str, Any]:
        container = self.catalogue.watched(given.container or None)
        statuses = frozenset([_status(given.status)] if given.status else [])
        page = await self.catalogue.find(container, given.prefix, Wanted(statuses), given.cursor, given.limit)
        return {"descriptions": [_entry(stored) for stored in page.items], "cursor": page.cursor or None}

    async def _undescribed(self, given: FindUndescribed) -> dict[str, Any]:
        container, names = self.catalogue.watched(given.container or None), list[str]()
        blob_filter = self.catalogue.blob_filter
        async with aclosing(self.catalogue.compared(container, given.prefix)) as pairs:
            async for pair in pairs:
                if pair.picture is None or pair.record is not None or blob_filter.skips_name(pair.picture.ref):
                    continue
                if blob_filter.skips_picture(pair.picture) or companions.by_name(pair.picture.ref.name):
                    continue
                names.append(pair.picture.ref.name)
                if len(names) > given.limit:
                    break
        return {"container": container, "names": names[: given.limit], "more": len(names) > given.limit}

    @property
    def _reads_files(self) -> bool:
        return self.files is not None and bool(self.files.roots)

    def _check(self, length: int) -> None:
        most = min(MAX_CHARACTERS, self.memory.size // 7 * 4)
        if length > most:
            raise TooLarge(
                f"A call may have at most {most:,} characters here: a picture of about {most * 3 // 4:,} bytes in a "
                "data: URL; give the https: URL of a larger one, or its blob."
            )


@dataclass(slots=True)
class _Asked:
    """The facts about a call that are needed if it fails."""

    blobs: tuple[ImageRef, ...] = ()


def _key(given: BaseModel) -> str:
    """Return a digest of a call's arguments; run it in a thread, since they may include a picture."""
    return hashlib.sha256(given.model_dump_json().encode()).hexdigest()


def _memory(context: str) -> int:
    """Return the bytes to reserve for a call's texts and the picture in them."""
    return len(context) // 4 * 7


def _arguments(context: str) -> object:
    """Parse a call. Raises InvalidRequest."""
    try:
        call = from_json(context)
    except ValueError:  # its message is about lines and columns
        raise InvalidRequest("The call is not valid JSON.", field="call") from None
    if not isinstance(call, dict):
        raise InvalidRequest("The call must be a JSON object.", field="call")
    return call.get("arguments")


def _status(text: str) -> Status:
    if text in set(Status):
        return Status(text)
    raise InvalidRequest(f"status must be one of {', '.join(Status)}.", field="status")


def _entry(stored: StoredRecord) -> dict[str, Any]:
    record: Record = stored.record
    content = record.model_dump(mode="json", include={"status", "review", "language", "alt_text", "description"})
    place = {"container": record.source.container, "name": record.source.name, "at": dates.written(record.at)}
    return place | content | {UNTRUSTED: record.visible_text}


def _truncated(content: dict[str, Any]) -> dict[str, Any]:
    """Return the answer with long texts and lists truncated and named."""
    cut = list[str]()
    short = {name: _short(value, name, cut.append) for name, value in content.items()}
    return short if "names" in content else short | {"truncated_fields": cut}


def _short(value: Any, path: str, tell: Callable[[str], None]) -> Any:
    match value:
        case str() if len(value) > MAX_FIELD:
            tell(path)
            return value[:MAX_FIELD]
        case list():
            if len(value) > MAX_ITEMS:
                tell(path)
            return [_short(each, f"{path}[{number}]", tell) for number, each in enumerate(value[:MAX_ITEMS])]
        case dict():
            return {name: _short(each, f"{path}.{name}", tell) for name, each in value.items()}
        case _:
            return value


def _error(sentence: str, **more: Any) -> Outcome:
    return Outcome({"error": sentence} | more, is_error=True)


def _rejected(error: DescriberError, blobs: tuple[ImageRef, ...]) -> Outcome:
    """Return a sentence for the agent; details of a misconfiguration are only logged, for operators."""
    _log_rejection(error, blobs)
    if isinstance(error, Misconfigured):
        return _error(
            "A resource that the image describer needs is missing or rejects it; its operators can see which."
        )
    sentence = error.sentence
    if isinstance(error, InvalidRequest) and error.field == "context":
        sentence = sentence.replace("The context", "about")
    wait = error.retry_after if isinstance(error, NotNow) else None
    return _error(sentence, retry_after_seconds=math.ceil(wait)) if wait else _error(sentence)


def _log_rejection(error: DescriberError, blobs: tuple[ImageRef, ...]) -> None:
    """Log the error. One that is the agent's fault is logged by type only, since its message may quote the agent."""
    if isinstance(error, NotNow):
        picture = {"picture": blobs[0]} if blobs else {}
        _log.log(error.level, "mcp.deferred", extra=picture | {"reason": error.message})
    else:
        _log.info("mcp.refused", extra={"error": type(error).__name__})
