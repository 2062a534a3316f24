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
"""Of a file; the service takes 200 MB: learn.microsoft.com/azure/foundry/reference/rest/batches-create-batch."""
MOST_HELD: Final = 20
"""Batches of one backfill at a time."""
_AT_ONCE: Final = 8
"""Pictures that are prepared side by side."""
NAMES: Final = "names"
ANSWERS: Final = "answers"
_NOTHING: Final = "-"
"""In the place of a file, where no picture of a chunk needs an answer."""
_KEPT: Final = 4
"""Chunks whose answers a process keeps in memory."""


@dataclass(frozen=True, slots=True)
class Batched:
    """A line of a file of requests, and the digest of what it asks, under which the answer comes."""

    digest: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is: whether it has ended, what the service calls that, and the file of answers, if any."""

    has_ended: bool
    status: str
    answers: str = ""


class Batches(Protocol):
    """The model's Batch interface. Every method may raise Transient or Misconfigured."""

    def request(self, brief: Brief, image: PreparedImage) -> Batched:
        """The line that asks about one picture."""

    async def upload(self, lines: IO[bytes], name: str) -> str:
        """Upload a file of lines; gives its id."""

    async def begun(self, file: str) -> str:
        """The batch of this file, which is begun if there is none; gives its id."""

    async def progress(self, batch: str) -> Progress:
        """How far a batch is. Raises Throttled: begin it again later."""

    def answers(self, file: str) -> AsyncIterator[tuple[str, str]]:
        """The answers by the digests of their requests, without those that failed."""

    async def forget(self, *files: str) -> None:
        """Delete files."""

    def read(self, body: str, brief: Brief) -> Answer:
        """An answer as `Model.ask` gives it. Raises Unreadable, Filtered, NoUsableAnswer."""


class Stored(Protocol):
    """Where a chunk's names and answers lie."""

    async def put(self, chunk: str, kind: str, text: str) -> None:
        """Keep a text, in the place of any other of this kind."""

    async def get(self, chunk: str, kind: str) -> str | None:
        """The text, or None."""


class _Noted(Transient):
    """The question was noted; the picture is worked on again when there is an answer."""


@dataclass(slots=True)
class _Noting:
    """The port `Model`, for finding out what would be asked: notes it, and answers nothing."""

    batches: Batches
    asked: Batched | None = None

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        self.asked = self.batches.request(brief, image)
        raise _Noted("the question goes into a batch")

    def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        raise AssertionError(f"no upload asks about {len(images)} pictures: {question.text}")


@dataclass(frozen=True, slots=True)
class Batching:
    """Takes a chunk a step further.

    Args:
        batches, stored: the ports.
        pipeline: gives the pipeline that asks this model.
        brief: what is asked of pictures.
        most_bytes: of a file.
    """

    batches: Batches
    stored: Stored
    pipeline: Callable[[Model], ImagePipeline]
    brief: Brief
    most_bytes: int = MOST_BYTES

    async def further(self, chunk: Chunk, name: str) -> Chunk:
        """The chunk after its next step; the same if there is nothing to do but to wait.

        Args:
            chunk: whose names are stored.
            name: of the chunk.

        Raises:
            NotNow: not now.
        """
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
        if await self.stored.get(name, ANSWERS) is not None:  # a kill came between: the files are gone already
            return chunk.model_copy(update={"answered": True})
        answers: dict[str, str] = {}
        if progress.answers:
            answers = {digest: body async for digest, body in self.batches.answers(progress.answers)}
        await self.stored.put(name, ANSWERS, json.dumps(answers))
        await self.batches.forget(chunk.file, *([progress.answers] if progress.answers else []))
        return chunk.model_copy(update={"answered": True})

    async def keep(self, name: str, pictures: Sequence[tuple[ImageRef, bool]]) -> None:
        """Keep which pictures are in a chunk, and whether they are asked about anew."""
        rows = [(ref.container, ref.name, anew) for ref, anew in pictures]
        await self.stored.put(name, NAMES, json.dumps(rows))

    async def names(self, name: str) -> list[tuple[ImageRef, bool]]:
        """What `keep` was given."""
        rows = json.loads(await self.stored.get(name, NAMES) or "[]")
        return [(ImageRef(container, blob), bool(anew)) for container, blob, anew in rows]

    async def _uploaded(self, name: str) -> str:
        """Prepare the chunk's pictures, and upload what is asked about them; empty if nothing is."""
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
        """What the pipeline would ask of a picture; None if nothing, as for one that is described or cannot be read."""
        noting = _Noting(self.batches)
        try:
            await self.pipeline(noting).describe(ref, replace(self.brief, again=anew))
        except _Noted:
            return noting.asked
        except OverBudget:  # else its pictures would be asked about one by one, at the full price
            raise
        except NotNow:  # its turn on the queue tells what is wrong
            return None
        return None


@dataclass(frozen=True, slots=True)
class PrepaidModel:
    """The port `Model`: takes the answer that a batch has given to this very question, or asks.

    Args:
        model: is asked where there is none.
        batches, stored: the ports.
    """

    model: Model
    batches: Batches
    stored: Stored
    _answers: dict[str, dict[str, str]] = field(default_factory=dict, init=False)

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """What of it cannot be read, the model is asked again; it was paid for all the same."""
        if chunk := call_context.current().prepaid:
            digest = self.batches.request(brief, image).digest
            if body := (await self._of(chunk)).get(digest):
                try:
                    return self.batches.read(body, brief)
                except (Unreadable, NoUsableAnswer):
                    pass
        return await self.model.ask(brief, image)

    async def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """The same."""
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
