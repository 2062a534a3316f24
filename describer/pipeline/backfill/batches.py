"""Gets answers by batches: half of the price, within about a day.

A backfill's chunk becomes a file of requests, a batch, and a file of answers. The app then puts the chunk's pictures on
`image-work` like all others. The pipeline treats each as usual, but takes the batch's answer to its question instead of
calling the model. A picture whose request failed, or that changed meanwhile, has no such answer: the pipeline calls the
model for it, at the full price.

    names chosen ─► file uploaded ─► batch begun ─► answers stored ─► pictures queued

Each step is stored before the next one begins. A process that continues after a kill repeats the last step: another
file is free, a batch is looked up by its file before it is begun, and answers and messages may come twice.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import batched
from typing import IO, Final, Protocol

from describer.domain.errors import NotNow, NoUsableAnswer, OverBudget, Transient
from describer.domain.image_ref import ImageRef
from describer.pipeline import call_context
from describer.pipeline.backfill.state import Chunk
from describer.pipeline.ports import ImagePipeline, Model
from describer.vision.answer import Answer, FreeAnswer
from describer.vision.answer_reader import Unreadable
from describer.vision.brief import Brief, Question
from describer.vision.imaging.values import PreparedImage

MOST_BYTES: Final = 190_000_000
"""Bytes; a file may have 200 MB: learn.microsoft.com/azure/foundry/reference/rest/batches-create-batch."""
MOST_HELD: Final = 20
"""Maximum number of a backfill's concurrent batches."""
_AT_ONCE: Final = 8
"""Number of pictures prepared concurrently."""
NAMES: Final = "names"
ANSWERS: Final = "answers"
_NOTHING: Final = "-"
"""Stands for a file if no picture of a chunk needs an answer."""
_KEPT: Final = 4
"""Number of chunks whose answers a process keeps in memory."""


@dataclass(frozen=True, slots=True)
class Batched:
    """A line of a file of requests, and the digest of its question, which is the answer's key."""

    digest: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a batch: whether it has ended, the service's word for it, and the file of answers, if any."""

    has_ended: bool
    status: str
    answers: str = ""


class Batches(Protocol):
    """The model's Batch interface. Every method may raise Transient or Misconfigured."""

    def request(self, brief: Brief, image: PreparedImage) -> Batched:
        """Return the line that asks about a picture."""

    async def upload(self, lines: IO[bytes], name: str) -> str:
        """Upload a file of lines and return its id."""

    async def begun(self, file: str) -> str:
        """Return the id of this file's batch; create it if there is none."""

    async def progress(self, batch: str) -> Progress:
        """Return a batch's state. Raises Throttled: create it again later."""

    def answers(self, file: str) -> AsyncIterator[tuple[str, str]]:
        """Return the answers by their requests' digests, without failed ones."""

    async def forget(self, *files: str) -> None: ...

    def read(self, body: str, brief: Brief) -> Answer:
        """Return an answer in the form of `Model.ask`. Raises Unreadable, Filtered, NoUsableAnswer."""


class Stored(Protocol):
    """Stores a chunk's names and answers."""

    async def put(self, chunk: str, kind: str, text: str) -> None:
        """Store a text; it replaces the earlier one of this kind."""

    async def get(self, chunk: str, kind: str) -> str | None: ...


class _Noted(Transient):
    """The question is recorded; the picture is processed again once there is an answer."""


@dataclass(slots=True)
class _Noting:
    """Implements `Model` without a call: records the question and gives no answer."""

    batches: Batches
    asked: Batched | None = None

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        self.asked = self.batches.request(brief, image)
        raise _Noted("the question goes into a batch")

    def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        raise AssertionError(f"no upload asks about {len(images)} pictures: {question.text}")


@dataclass(frozen=True, slots=True)
class Batching:
    """Processes a chunk step by step."""

    batches: Batches
    stored: Stored
    pipeline: Callable[[Model], ImagePipeline]
    brief: Brief
    most_bytes: int = MOST_BYTES

    async def further(self, chunk: Chunk, name: str) -> Chunk:
        """Return the chunk after its next step; unchanged if it must wait. Raises NotNow: not now."""
        if not chunk.file:
            return chunk.model_copy(update={"file": await self._uploaded(name) or _NOTHING})
        if chunk.file == _NOTHING:
            return chunk.model_copy(update={"answered": True})
        if not chunk.batch:
            return chunk.model_copy(update={"batch": await self.batches.begun(chunk.file)})
        try:
            progress = await self.batches.progress(chunk.batch)
        except NotNow:
            return chunk.model_copy(update={"batch": ""})
        if not progress.has_ended:
            return chunk
        if await self.stored.get(name, ANSWERS) is not None:  # after a crash: the files are deleted already
            return chunk.model_copy(update={"answered": True})
        answers: dict[str, str] = {}
        if progress.answers:
            answers = {digest: body async for digest, body in self.batches.answers(progress.answers)}
        await self.stored.put(name, ANSWERS, json.dumps(answers))
        await self.batches.forget(chunk.file, *([progress.answers] if progress.answers else []))
        return chunk.model_copy(update={"answered": True})

    async def keep(self, name: str, pictures: Sequence[tuple[ImageRef, bool]]) -> None:
        """Store a chunk's pictures, and whether to ask for new answers."""
        rows = [(ref.container, ref.name, anew) for ref, anew in pictures]
        await self.stored.put(name, NAMES, json.dumps(rows))

    async def names(self, name: str) -> list[tuple[ImageRef, bool]]:
        """Return what `keep` stored."""
        rows = json.loads(await self.stored.get(name, NAMES) or "[]")
        return [(ImageRef(container, blob), bool(anew)) for container, blob, anew in rows]

    async def _uploaded(self, name: str) -> str:
        """Prepare the chunk's pictures and upload the questions; return an empty id if there are none."""
        digests: set[str] = set()
        with tempfile.TemporaryFile() as file:
            for some in batched(await self.names(name), _AT_ONCE, strict=False):
                for asked in await asyncio.gather(*(self._asked(ref, anew=anew) for ref, anew in some)):
                    if asked and asked.digest not in digests and file.tell() + len(asked.line) <= self.most_bytes:
                        digests.add(asked.digest)
                        file.write(asked.line)
            file.seek(0)
            return await self.batches.upload(file, f"{name.replace('/', '-')}.jsonl") if digests else ""

    async def _asked(self, ref: ImageRef, *, anew: bool) -> Batched | None:
        """Return the pipeline's question about a picture; None for one that is described or unreadable."""
        noting = _Noting(self.batches)
        try:
            await self.pipeline(noting).describe(ref, replace(self.brief, again=anew))
        except _Noted:
            return noting.asked
        except OverBudget:  # else the model would be called for each picture, at the full price
            raise
        except NotNow:  # the queue's message reports the fault
            return None
        return None


@dataclass(frozen=True, slots=True)
class PrepaidModel:
    """Implements `Model`: returns a batch's answer to this very question, or calls the model."""

    model: Model
    batches: Batches
    stored: Stored
    _answers: dict[str, dict[str, str]] = field(default_factory=dict, init=False)

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """Return a batch's answer; if it is unreadable, call the model."""
        if chunk := call_context.current().prepaid:
            digest = self.batches.request(brief, image).digest
            if body := (await self._of(chunk)).get(digest):
                try:
                    return self.batches.read(body, brief)
                except (Unreadable, NoUsableAnswer):
                    pass
        return await self.model.ask(brief, image)

    async def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """Call the model; batches have no free answers."""
        async with aclosing(self.model.reply(question, images)) as pieces:
            async for piece in pieces:
                yield piece

    async def _of(self, chunk: str) -> dict[str, str]:
        if chunk not in self._answers:
            found = json.loads(await self.stored.get(chunk, ANSWERS) or "{}")
            while len(self._answers) >= _KEPT:
                del self._answers[next(iter(self._answers))]
            self._answers[chunk] = found
        return self._answers[chunk]
