"""The MCP tools: a call's JSON in, a result's JSON out. What an agent is told of them stands in mcp_tools.py.

Clients give up after 60 s, and a call that they give up cannot be stopped on Azure. So a tool answers "not yet"
before that, goes on, and keeps what it paid for: the agent's next call with the same arguments gets it.
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
"""What of a record an agent is told, beside the text that was read in the picture."""
LONGEST_FIELD: Final = 4000
"""Characters: one hostile screenshot would fill an agent's window."""
MOST_ITEMS: Final = 100
"""Of a list."""
ANSWER_SECONDS: Final = 50.0
"""Within which a tool answers: the official TypeScript client gives up after 60."""
KEPT_SECONDS: Final = 600.0
KEPT_ANSWERS: Final = 100
"""To questions, for those who were told "not yet"; descriptions are kept by their bytes, see answer_cache.py."""
MOST_CHARACTERS: Final = 104_857_600
"""Of a call's JSON: what the platform passes on at most; see http/middleware.py."""
_NOT_YET: Final = {
    "error": "not yet",
    "retry_after_seconds": 10,
    "hint": "Call again with the same arguments: the answer is kept, and costs nothing more.",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool answers.

    Args:
        told: JSON, by the tool's schema unless it is an error.
        is_error: whether `told` says why there is no answer.
    """

    told: dict[str, Any]
    is_error: bool = False

    def result(self) -> dict[str, Any]:
        """An MCP result. Clients hold structured content to the schema, errors too, so that an error has none."""
        text = json.dumps(self.told, ensure_ascii=False)
        result = {"content": [{"type": "text", "text": text}], "isError": self.is_error}
        return result if self.is_error else result | {"structuredContent": self.told}


@dataclass(frozen=True, slots=True)
class Tools:
    """All tools.

    Args:
        on_demand: where callers ask.
        catalogue: what is stored.
        memory: for what they bring: a picture in a `data:` URL counts before it is unpacked.
        account: the address of the pictures' blob service, by which a blob's address is known; or empty.
        answer_seconds: after which the answer is "not yet".
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
        """What the extension takes: an MCP result in an envelope. `context` is its own JSON of the call."""
        content = json.dumps((await self.outcome(tool, context)).result(), ensure_ascii=False)
        return json.dumps({"type": "call_tool_result", "content": content}, ensure_ascii=False)

    async def outcome(self, tool: str, context: str) -> Outcome:
        """What became of a call, or "not yet"."""
        work = asyncio.create_task(self._worked(tool, context))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        done, _ = await asyncio.wait({work}, timeout=self.answer_seconds)
        return work.result() if done else Outcome(_NOT_YET, is_error=True)

    async def close(self) -> None:
        """End what goes on for callers who were told "not yet"."""
        work = [*self._under_way, *self._answers.values()]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def _worked(self, tool: str, context: str) -> Outcome:
        """Never raises, as nobody may be there to see it."""
        asked = _Asked()
        try:
            async with limited(HTTP_SECONDS, Priority.INTERACTIVE):
                self._check(len(context))
                with self.memory.try_reserve(_memory(context)):
                    given = mcp_arguments.read(tool, await _arguments(context), files=self._reads_files)
                    return Outcome(_cut(await self._answer(given, asked)))
        except DescriberError as error:
            return _refused(error, asked.blobs)
        except Exception as error:  # noqa: BLE001 - the host would log and export it, sentence and all
            _log.error("mcp.failed", extra=bugs.facts(error))
            return _error("Something went wrong inside; the image describer's operators can see where.")

    async def _answer(self, given: BaseModel, asked: "_Asked") -> dict[str, Any]:
        match given:
            case DescribeImage():
                return await self._describe(given, asked)
            case AskAboutImages():
                return await self._ask(given, asked)
            case FindDescriptions(name=name) if name:
                return {"descriptions": [_entry(await self._one(given))], "cursor": None}
            case FindDescriptions():
                return await self._find(given)
            case FindUndescribed():
                return await self._undescribed(given)
            case _:
                raise AssertionError("unreachable: the tools are these")

    async def _describe(self, given: DescribeImage, asked: "_Asked") -> dict[str, Any]:
        source = await asyncio.to_thread(given.source, self.account, self.files)
        asked.blobs = self.on_demand.watched([source])
        record = await self.on_demand.describe(source, self.on_demand.brief(given.options(given.about)))
        return record.model_dump(mode="json", include={*FIELDS}) | {UNTRUSTED: record.visible_text}

    async def _ask(self, given: AskAboutImages, asked: "_Asked") -> dict[str, Any]:
        sources = await asyncio.to_thread(given.sources, self.account, self.files)
        asked.blobs = self.on_demand.watched(sources)
        question = self.on_demand.question(given.question, given.options())
        key = await asyncio.to_thread(_key, given)
        said = await asyncio.shield(self._answer_kept(key) or self._keep(key, self.on_demand.answer(sources, question)))
        return {"answer_untrusted": said.text, "ending": str(said.ending), "model": said.model}

    def _answer_kept(self, key: str) -> asyncio.Task[FreeAnswer] | None:
        """The answer to the same question, under way or kept; one that failed is asked for again."""
        known = self._answers.get(key)
        failed = known is not None and known.done() and (known.cancelled() or known.exception() is not None)
        return None if failed else known

    def _keep(self, key: str, asking: Coroutine[Any, Any, FreeAnswer]) -> asyncio.Task[FreeAnswer]:
        while len(self._answers) >= KEPT_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = work = asyncio.create_task(asking)
        work.add_done_callback(lambda task: task.cancelled() or task.exception())  # whoever asked may be gone
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._answers.pop, key, None)
        return work

    async def _one(self, given: FindDescriptions) -> StoredRecord:
        return await self.on_demand.stored(ImageRef(self.catalogue.watched(given.container or None), given.name))

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
        most = min(MOST_CHARACTERS, self.memory.size // 7 * 4)
        if length > most:
            raise TooLarge(
                f"A call has at most {most:,} characters here, which is a picture of some {most * 3 // 4:,} bytes in a "
                "data: URL; give the https: URL of a larger one, or its blob."
            )


@dataclass(slots=True)
class _Asked:
    """What is known of a call when it fails."""

    blobs: tuple[ImageRef, ...] = ()


def _key(given: BaseModel) -> str:
    """Of a call's arguments; in a thread, because a picture may be among them."""
    return hashlib.sha256(given.model_dump_json().encode()).hexdigest()


def _memory(context: str) -> int:
    """Bytes for the texts in a call and the picture that may be in them."""
    return len(context) // 4 * 7


async def _arguments(context: str) -> object:
    return await unpacked(_arguments_of, context)


def _arguments_of(context: str) -> object:
    """Raises InvalidRequest."""
    try:
        call = from_json(context)
    except ValueError:  # whose sentence speaks of lines and columns
        raise InvalidRequest("The call is not valid JSON.", field="call") from None
    if not isinstance(call, dict):
        raise InvalidRequest("The call has to be a JSON object.", field="call")
    return call.get("arguments")


def _status(text: str) -> Status:
    if text in set(Status):
        return Status(text)
    raise InvalidRequest(f"status has to be one of {', '.join(Status)}.", field="status")


def _entry(stored: StoredRecord) -> dict[str, Any]:
    record: Record = stored.record
    told = record.model_dump(mode="json", include={"status", "review", "language", "alt_text", "description"})
    place = {"container": record.source.container, "name": record.source.name, "at": dates.written(record.at)}
    return place | told | {UNTRUSTED: record.visible_text}


def _cut(told: dict[str, Any]) -> dict[str, Any]:
    """The answer, with its long texts and lists cut and those that were cut named."""
    cut = list[str]()
    short = {name: _short(value, name, cut.append) for name, value in told.items()}
    return short if "names" in told else short | {"truncated_fields": cut}


def _short(value: Any, path: str, tell: Callable[[str], None]) -> Any:
    match value:
        case str() if len(value) > LONGEST_FIELD:
            tell(path)
            return value[:LONGEST_FIELD]
        case list():
            if len(value) > MOST_ITEMS:
                tell(path)
            return [_short(each, f"{path}[{number}]", tell) for number, each in enumerate(value[:MOST_ITEMS])]
        case dict():
            return {name: _short(each, f"{path}.{name}", tell) for name, each in value.items()}
        case _:
            return value


def _error(sentence: str, **more: Any) -> Outcome:
    return Outcome({"error": sentence} | more, is_error=True)


def _refused(error: DescriberError, blobs: tuple[ImageRef, ...]) -> Outcome:
    """A sentence for the agent; what is wrong with the installation is for its operators, in the log."""
    _log_refusal(error, blobs)
    if isinstance(error, Misconfigured):
        return _error("What the image describer needs is missing or refuses it; its operators can see what.")
    sentence = f"{str(error).removesuffix('.')}."
    if isinstance(error, InvalidRequest) and error.field == "context":
        sentence = sentence.replace("The context", "about")
    wait = error.retry_after if isinstance(error, NotNow) else None
    return _error(sentence, retry_after_seconds=math.ceil(wait)) if wait else _error(sentence)


def _log_refusal(error: DescriberError, blobs: tuple[ImageRef, ...]) -> None:
    """What is the agent's own fault is logged by its kind: its sentence may quote what the agent said."""
    if isinstance(error, NotNow):
        picture = {"picture": blobs[0]} if blobs else {}
        _log.log(error.level, "mcp.put_off", extra=picture | {"reason": error.message})
    else:
        _log.info("mcp.refused", extra={"error": type(error).__name__})
