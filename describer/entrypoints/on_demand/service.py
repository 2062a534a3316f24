"""On demand: the same stages as for uploads, for a caller who waits. HTTP, MCP and the command line all come here.

    on_demand = app.on_demand                               # one for the process: its limits are the process's
    brief = on_demand.brief(RequestOptions(languages=("de",), context="Our cat Tom"))  # InvalidRequest: names the field

    record = await on_demand.describe(Url("https://…/cat.jpg"), brief)           # a Record, whatever its status
    record = await on_demand.describe(BlobOf(ImageRef("images", "cat.jpg")), brief)  # a stored text stands
    record = await on_demand.describe(BlobOf(ref), brief, write=True)            # stored and announced

    question = on_demand.question("Which breed is it?", RequestOptions(max_tokens=300))
    answer = await on_demand.answer([Url(…), Upload(data)], question)                # a FreeAnswer; see its `ending`
    async with aclosing(on_demand.stream(sources, question)) as pieces:     # str, str, …, and last the FreeAnswer
        async for piece in pieces: ...

    with memory.try_reserve(len(data)):                     # whoever takes bytes in (`Upload`) reserves the memory
        record = await on_demand.describe(Upload(data, "cat.jpg"), brief)

A problem with the picture becomes the record's status (`describe`) or raises `ImageRejected` (`answer`). Every other
problem is raised: `InvalidRequest`, `Excluded`, `NotFound`, `FetchFailed` (the caller's business), `Busy` and other
`Transient` (again in `retry_after` seconds), `Misconfigured` (the operator's). Nothing is stored but by `write`; what
was answered is kept in memory for some minutes, for those who ask again. `usage` and `cost` are of this call.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from describer.domain import precedence
from describer.domain.errors import ImageRejected, InvalidRequest, NotFound, Unsupported
from describer.domain.further_languages import shown_in
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record, Usage
from describer.domain.status import Skip, SkipReason
from describer.entrypoints.on_demand.options import RequestOptions
from describer.entrypoints.on_demand.sources import BlobOf, Loader, PictureSource, Readable, Upload, Url
from describer.pipeline import call_context
from describer.pipeline.describe import ImageDescriber
from describer.pipeline.pipeline import origin_of
from describer.pipeline.ports import ImagePipeline, Records
from describer.pipeline.weighted_semaphore import Priority
from describer.vision.answer import FreeAnswer
from describer.vision.brief import Brief, Question
from describer.vision.characters import TextStream, cleaned
from describer.vision.embedded_text.read import embedded_texts
from describer.vision.imaging.values import PreparedImage
from describer.vision.pricing import cost

__all__ = [
    "MOST_SOURCES",
    "BlobOf",
    "FreeAnswer",
    "OnDemandService",
    "PictureSource",
    "Readable",
    "RequestOptions",
    "Upload",
    "Url",
]

MOST_SOURCES: Final = 10
"""Pictures in one call."""


@dataclass(frozen=True, slots=True)
class OnDemandService:
    """Serve callers who wait for the answer.

    Args:
        pipeline: describes and stores what `write` asks for.
        records: where stored texts are looked up.
        image_describer: makes a record of bytes.
        loader: brings pictures in.
        default_brief: the brief of whoever wishes for nothing else.
        models: that a caller may choose, beside the usual one.
    """

    pipeline: ImagePipeline
    records: Records
    image_describer: ImageDescriber
    loader: Loader
    default_brief: Brief
    models: tuple[str, ...] = ()

    def brief(self, order: RequestOptions) -> Brief:
        """Return what is asked where a description is wanted. Raises InvalidRequest."""
        return order.brief(self.default_brief, self.models)

    def question(self, text: str, order: RequestOptions) -> Question:
        """Return what is asked where the caller has a question. Raises InvalidRequest."""
        return order.question(text, self.default_brief, self.models)

    async def describe(self, source: PictureSource, brief: Brief, *, write: bool = False) -> Record:
        """Return the picture's record; with `write`, as it is stored by now.

        Raises:
            InvalidRequest: `write` without a blob to write to.
            and what the module says.
        """
        if write and not isinstance(source, BlobOf):
            raise InvalidRequest("Only a blob's description can be written; give the picture as a blob.", field="write")
        with call_context.entered(priority=Priority.INTERACTIVE) as call:
            if write and isinstance(source, BlobOf):
                record = await self._written(source.ref, brief)
            else:
                record = await self._unwritten(source, brief)
        return self._with_cost_of_call(_in_language_of(record, brief), brief, call.spent)

    async def _unwritten(self, source: PictureSource, brief: Brief) -> Record:
        async with self.loader.loaded(source) as (picture, content):
            content.embedded = await asyncio.to_thread(embedded_texts, content.data)
            if not isinstance(source, BlobOf):
                record = await self.image_describer.describe_unstored(picture, content, brief)
                return precedence.reconciled(record, picture, None, None, brief, content.author)
            stored = await self.records.read(source.ref)
            origin = await origin_of(picture, self.loader.blob_filter, self.records)
            brief = precedence.asked(picture, content, stored, brief.about(picture), self.models)
            about, before, brief = await self.image_describer.as_before(picture, content, stored, brief)
            found = precedence.looked_up(about, content, before, brief)
            if isinstance(found, Record):
                record = found
            else:
                record = found.with_answer(await self.image_describer.describe_unstored(picture, content, found.left))
            return precedence.reconciled(record, about, before, origin, brief, content.author)

    def watched(self, sources: Sequence[PictureSource]) -> tuple[ImageRef, ...]:
        """Return those of the pictures that are blobs of the watched containers."""
        blobs = (source.ref for source in sources if isinstance(source, BlobOf))
        return tuple(ref for ref in blobs if self.loader.blob_filter.covers(ref))

    async def stored(self, ref: ImageRef) -> StoredRecord:
        """Return the stored record of a watched container's blob. Raises NotFound."""
        stored = await self.records.read(ref) if self.loader.blob_filter.covers(ref) else None
        if stored is None:
            raise NotFound("There is no record of this blob.")
        return stored

    async def answer(self, sources: Sequence[PictureSource], question: Question) -> FreeAnswer:
        """Return one answer about all pictures. Raises Refused too, where one of them cannot be shown to the model."""
        async with aclosing(self.stream(sources, question)) as pieces:
            async for piece in pieces:
                if isinstance(piece, FreeAnswer):
                    return piece
        raise AssertionError("unreachable: the whole answer comes last")

    async def stream(self, sources: Sequence[PictureSource], question: Question) -> AsyncGenerator[str | FreeAnswer]:
        """Yield the same answer, piece by piece; the last item is the whole of it."""
        if not 1 <= len(sources) <= MOST_SOURCES:
            raise InvalidRequest(f"Give 1 to {MOST_SOURCES} pictures; these are {len(sources)}.", field="images")
        images = [await self._prepared(source, number, question) for number, source in enumerate(sources, 1)]
        text = TextStream()
        async with aclosing(self.image_describer.model.reply(question, images)) as pieces:
            async for piece in pieces:
                if isinstance(piece, FreeAnswer):
                    if rest := text.end():
                        yield rest
                    yield replace(piece, text=cleaned(piece.text))
                elif shown := text.feed(piece):
                    yield shown

    async def _prepared(self, source: PictureSource, number: int, question: Question) -> PreparedImage:
        async with self.loader.loaded(source) as (_, content):
            try:
                if content.refusal:
                    raise content.refusal
                return await self.image_describer.preparer.prepare(
                    content.data,
                    model=question.model,
                    detail=question.detail,
                    max_tokens=question.max_image_tokens,
                )
            except ImageRejected as refusal:
                raise type(refusal)(f"Picture {number}: {refusal}") from refusal

    async def _written(self, ref: ImageRef, brief: Brief) -> Record:
        await self.loader.get_properties(ref)
        end = await self.pipeline.describe(
            ref, brief
        )  # which reserves the memory: to do so here too would be to wait for oneself
        if not isinstance(end, Skip):
            return end
        if end.reason in {SkipReason.UNCHANGED, SkipReason.NEWER}:
            return (await self.stored(ref)).record  # raises Newer
        if end.reason is SkipReason.NOT_A_PICTURE:
            raise Unsupported(f"This is {end.detail}, no picture; nothing was written.")
        raise NotFound("There is no such blob any more.")  # it was there a moment ago

    def _with_cost_of_call(self, record: Record, brief: Brief, spent: Usage) -> Record:
        """`record` with what this call has cost: the stored one says what was paid when its texts were made."""
        if record.usage == spent:
            return record
        paid = None
        if spent.calls and record.sent:
            paid = cost(self.image_describer.families(brief.model), spent, record.sent)
        return record.model_copy(update={"usage": spent, "cost": paid})


def _in_language_of(record: Record, brief: Brief) -> Record:
    """Return the record with the first language that a caller named at the top, wherever it is stored."""
    return shown_in(record, brief.language) if "languages" in brief.chosen else record
