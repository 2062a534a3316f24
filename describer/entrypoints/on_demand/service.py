"""The on-demand service for HTTP, MCP and the command line: the same stages as for uploads, for a waiting caller.

    brief = on_demand.brief(RequestOptions(languages=("de",), context="Our cat Tom"))  # InvalidRequest: names the field
    record = await on_demand.describe(BlobOf(ImageRef("images", "cat.jpg")), brief)  # uses stored texts
    question = on_demand.question("Which breed is it?", RequestOptions(max_tokens=300))
    answer = await on_demand.answer([Url(…), Upload(data)], question)                # a FreeAnswer; see its `ending`

A caller with bytes (`Upload`) reserves the memory for them (`MemoryBudget.try_reserve`) before the call.

A problem with the picture becomes the record's status (`describe`) or raises `ImageRejected` (`answer`). Every other
problem is raised: `InvalidRequest`, `Excluded`, `NotFound`, `FetchFailed` (for the caller), `Busy` and other
`Transient` (retry after `retry_after` seconds), `Misconfigured` (for the operator). Nothing is stored without `write`;
answers are kept in memory for some minutes, for callers who repeat a request. `usage` and `cost` are this call's.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from describer.domain import precedence
from describer.domain.errors import ImageRejected, InvalidRequest, NotFound, Unsupported
from describer.domain.further_languages import shown_in
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record, Usage
from describer.domain.status import Skip, SkipReason
from describer.entrypoints.on_demand.limits import MOST_SOURCES
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
from describer.vision.imaging.values import PreparedImage
from describer.vision.pricing import cost

__all__ = [
    "BlobOf",
    "FreeAnswer",
    "OnDemandService",
    "PictureSource",
    "Readable",
    "RequestOptions",
    "Upload",
    "Url",
]


@dataclass(frozen=True, slots=True)
class OnDemandService:
    """Serves callers who wait for the answer.

    Args:
        pipeline: describes and stores pictures for `write`.
        models: models that a caller may choose besides the default one.
    """

    pipeline: ImagePipeline
    records: Records
    image_describer: ImageDescriber
    loader: Loader
    default_brief: Brief
    models: tuple[str, ...] = ()

    def brief(self, options: RequestOptions) -> Brief:
        """Return the request for a description. Raises InvalidRequest."""
        return options.brief(self.default_brief, self.models)

    def question(self, text: str, options: RequestOptions) -> Question:
        """Return the request for an answer to a question. Raises InvalidRequest."""
        return options.question(text, self.default_brief, self.models)

    async def describe(self, source: PictureSource, brief: Brief, *, write: bool = False) -> Record:
        """Return the picture's record; with `write`, as it is stored afterwards.

        Raises:
            InvalidRequest: `write` without a blob; and the errors that the module lists.
        """
        if write and not isinstance(source, BlobOf):
            raise InvalidRequest("Only a blob's description can be written; give the picture as a blob.", field="write")
        with call_context.entered(priority=Priority.INTERACTIVE) as call:
            if write and isinstance(source, BlobOf):
                record = await self._written(source.ref, brief)
            else:
                record = await self._unwritten(source, brief)
        if "languages" in brief.chosen:
            record = shown_in(record, brief.language)
        return self._with_cost_of_call(record, brief, call.spent)

    async def _unwritten(self, source: PictureSource, brief: Brief) -> Record:
        async with self.loader.loaded(source) as (picture, content):
            stored = None
            if isinstance(source, BlobOf):
                stored = await self.records.read(source.ref)
                brief = precedence.asked(picture, content, stored, brief.about(picture), self.models)
            origin = partial(origin_of, picture, self.loader.blob_filter, self.records)
            make = self.image_describer.describe_unstored
            return await self.image_describer.record_of(picture, content, stored, brief, make, origin)

    def watched(self, sources: Sequence[PictureSource]) -> tuple[ImageRef, ...]:
        """Return those of the pictures that are blobs in watched containers."""
        blobs = (source.ref for source in sources if isinstance(source, BlobOf))
        return tuple(ref for ref in blobs if self.loader.blob_filter.covers(ref))

    async def stored(self, ref: ImageRef) -> StoredRecord:
        """Return the stored record of a blob in a watched container. Raises NotFound."""
        stored = await self.records.read(ref) if self.loader.blob_filter.covers(ref) else None
        if stored is None:
            raise NotFound("There is no record of this blob.")
        return stored

    async def answer(self, sources: Sequence[PictureSource], question: Question) -> FreeAnswer:
        """Return one answer about all pictures. Raises ImageRejected if one of them cannot be shown to the model."""
        async with aclosing(self.stream(sources, question)) as pieces:
            async for piece in pieces:
                if isinstance(piece, FreeAnswer):
                    return piece
        raise AssertionError("unreachable: the whole answer comes last")

    async def stream(self, sources: Sequence[PictureSource], question: Question) -> AsyncGenerator[str | FreeAnswer]:
        """Yield the answer piece by piece; the last item is the whole answer."""
        if not 1 <= len(sources) <= MOST_SOURCES:
            raise InvalidRequest(f"Give 1 to {MOST_SOURCES} pictures, not {len(sources)}.", field="images")
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
        # The pipeline reserves the memory; reserving it here too would deadlock.
        end = await self.pipeline.describe(ref, brief)
        if not isinstance(end, Skip):
            return end
        if end.reason in {SkipReason.UNCHANGED, SkipReason.NEWER}:
            return (await self.stored(ref)).record  # raises Newer
        if end.reason is SkipReason.NOT_A_PICTURE:
            raise Unsupported(f"This is {end.detail}, not a picture; nothing was written.")
        raise NotFound("The blob no longer exists.")  # it was deleted during the call

    def _with_cost_of_call(self, record: Record, brief: Brief, spent: Usage) -> Record:
        """Return `record` with this call's cost; the stored one has the cost of when its texts were made."""
        if record.usage == spent:
            return record
        paid = None
        if spent.calls and record.sent:
            paid = cost(self.image_describer.families(brief.model), spent, record.sent)
        return record.model_copy(update={"usage": spent, "cost": paid})
