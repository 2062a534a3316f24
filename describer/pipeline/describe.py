"""Turns a picture's bytes into its record: prepare ─► ask ─► check ─► repair once.

A picture that cannot be described gets a record too, with the rejection's status. Copies of the same bytes in a
container are described once; the cached answer contains no blob's name. The bytes are released once the picture is
prepared or another caller is asking about the same bytes.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from describer.domain import bugs, precedence
from describer.domain.errors import ImageRejected, NotNow, Transient
from describer.domain.history import Request, Source
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.naming import shared_key
from describer.domain.new_file import rebased, with_other_sidecar
from describer.domain.record import Record, Sent, Usage
from describer.domain.status import Status
from describer.pipeline import call_context
from describer.pipeline.answer_cache import AnswerCache
from describer.pipeline.ports import ImagePreparer, Model, Records
from describer.pipeline.single_flight import SingleFlight
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from describer.vision.characters import cleaned
from describer.vision.embedded_text.read import embedded_texts
from describer.vision.estimate import of_prepared
from describer.vision.families import Families
from describer.vision.image_tokens import image_tokens, parts_tokens
from describer.vision.imaging.values import Header, PreparedImage
from describer.vision.pricing import cost
from describer.vision.quality import rules

type Maker = Callable[[ImageBlob, ImageContent, Brief], Awaitable[Record]]

NOT_SHARED: Final = "answer.not_shared"
NOT_MENDED: Final = "answer.not_mended"

_log = logging.getLogger(__name__)


def source_of(picture: ImageBlob, content: ImageContent, header: Header | None = None) -> Source:
    """Return the picture's identity for its record."""
    return Source(
        container=picture.ref.container,
        name=picture.ref.name,
        etag=picture.etag,
        size=content.size,
        sha256=content.sha256,
        format=header.format if header else None,
        width=header.width if header else None,
        height=header.height if header else None,
    )


_SPACER: Final = "A small single-coloured picture counts as a spacer and is decorative. The model was not asked."


@dataclass(frozen=True, slots=True)
class ImageDescriber:
    """Makes records of pictures.

    Args:
        families: maps a model's name to its token rules and prices.
        single_flight: current requests, by the digest of bytes and brief.
        answers: on-demand answers, by the same digest.
        deferral: returns when to try again, if the model must not be called now; work without a call goes on.
    """

    preparer: ImagePreparer
    model: Model
    records: Records
    families: Families
    single_flight: SingleFlight[Record] = field(default_factory=SingleFlight)
    answers: AnswerCache = field(default_factory=AnswerCache)
    deferral: Callable[[], Transient | None] = lambda: None

    async def describe(self, picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
        """Return the record of these bytes: a copy's answer, a new one, or the reason why there is no text."""
        if content.refusal or brief.again:
            return await self.describe_fresh(picture, content, brief)
        container, key = picture.ref.container, shared_key(content.sha256, brief.fingerprint)

        async def ask() -> Record:
            if cached := await self.records.find_cached(container, key):
                return _reused(cached, picture, brief)
            record = await self.describe_fresh(picture, content, brief)
            if record.status is Status.DESCRIBED:
                await self._share(container, key, record)
            return record

        record, own = await self.single_flight.run(f"{container}/{key}", ask, waiting=content.release)
        return record if own else _reused(record, picture, brief)

    async def describe_unstored(self, picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
        """Return the record of these bytes for an on-demand caller: a recent answer or a new one."""
        if content.refusal or brief.again:
            return await self.describe_fresh(picture, content, brief)
        key = shared_key(content.sha256, brief.fingerprint)
        if kept := self.answers.get(key):
            return _reused(kept, picture, brief)

        async def ask() -> Record:
            record = await self.describe_fresh(picture, content, brief)
            if record.usage.calls and record.status is not Status.FAILED:
                self.answers.put(key, record)
            return record

        record, own = await self.single_flight.run(key, ask, waiting=content.release)
        return record if own else _reused(record, picture, brief)

    async def _share(self, container: str, key: str, record: Record) -> None:
        """Add an answer to the cache for copies. A failure is logged and does not lose the answer."""
        unnamed = record.source.model_copy(update={"name": "", "etag": ""})
        try:
            await self.records.cache(container, key, record.model_copy(update={"source": unnamed, "request": None}))
        except Exception as error:  # noqa: BLE001 - whatever it is, what was paid for is kept
            level = logging.WARNING if isinstance(error, NotNow) else logging.ERROR
            _log.log(level, NOT_SHARED, extra={"key": f"{container}/{key}", **bugs.facts(error)})

    async def describe_fresh(self, picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
        """Return a new record of these bytes, without the answer cache.

        Raises:
            Transient: nothing may be asked now; or the bytes were given back, while another caller asked about the same
                ones and was cancelled.
        """
        source = source_of(picture, content)
        if content.refusal:
            return Record.refused(brief, source, content.refusal)
        if content.released:
            raise Transient("The call that asked about the same bytes was cancelled")
        if later := self.deferral():
            raise later
        sent = None
        with call_context.entered() as call:
            try:
                image = await self._prepared(content, brief)
                content.release()
                source, sent = source_of(picture, content, image.header), self._sent(brief, image)
                if image.is_spacer:
                    return Record.unasked(brief, source, sent, _SPACER)
                asked = brief.with_author_context(content.author.context)
                rules.begin_loading()
                answer = await self.model.ask(asked, image)
                call.charge(answer.usage)
            except ImageRejected as refusal:
                record = Record.refused(brief, source.model_copy(update=refusal.facts), refusal)
                return self._charged(record, brief, call.spent, sent)
            verdict = await self._repaired(asked, answer, image, source.name)
        record = Record.of_answer(
            brief,
            source,
            verdict.description,
            status=verdict.status,
            reason=verdict.reason,
            flags=verdict.flags,
            model=cleaned(answer.model),
            prepared=_digest(image, asked),
        )
        return self._charged(record, brief, call.spent, sent)

    async def record_of(
        self,
        picture: ImageBlob,
        content: ImageContent,
        stored: StoredRecord | None,
        brief: Brief,
        make: Maker,
        origin: Callable[[], Awaitable[StoredRecord | None]],
    ) -> Record:
        """Return the record of a picture: what is stored, answers to what that lacks, and people's texts over both.

        `make` answers the part of the request that `stored` does not; `origin` reads the record of another name.
        """
        content.embedded = await asyncio.to_thread(embedded_texts, content.data)
        about, before, brief = await self._as_before(picture, content, stored, brief)
        found = precedence.looked_up(about, content, before, brief)
        record = found if isinstance(found, Record) else found.with_answer(await make(picture, content, found.left))
        return precedence.reconciled(record, about, before, await origin(), brief, content.author)

    async def _as_before(
        self, picture: ImageBlob, content: ImageContent, stored: StoredRecord | None, brief: Brief
    ) -> tuple[ImageBlob, StoredRecord | None, Brief]:
        """Return picture and record as if they were about these bytes, if the model would see the same as before.

        Otherwise both are returned unchanged. This decodes a described picture that arrives in a new file; the prepared
        picture is kept for the model. Where another XMP file is beside the same bytes, the record is without the texts
        that it replaces; the brief asks again for one that was removed.
        """
        if stored and (known := with_other_sidecar(content, stored)):
            before, is_removed = known
            return picture, before, brief.asked_again() if is_removed else brief
        if stored is None or brief.again or not (about := rebased(picture, content, stored)):
            return picture, stored, brief
        if not isinstance(precedence.looked_up(about[0], content, about[1], brief), Record):
            return picture, stored, brief
        with suppress(ImageRejected):
            asked = brief.with_author_context(content.author.context)
            if _digest(await self._prepared(content, brief), asked) == stored.record.prepared:
                return (*about, brief)
        return picture, stored, brief

    async def _prepared(self, content: ImageContent, brief: Brief) -> PreparedImage:
        wanted = brief.model, brief.detail, brief.max_image_tokens
        match content.prepared:
            case (made_for, PreparedImage() as image) if made_for == wanted:
                return image
        model, detail, most = wanted
        image = await self.preparer.prepare(content.data, model=model, detail=detail, max_tokens=most)
        content.prepared = wanted, image
        return image

    def _charged(self, record: Record, brief: Brief, spent: Usage, sent: Sent | None) -> Record:
        """Return `record` with the cost of all answers, including unusable ones."""
        if sent is None:
            return record
        paid = None
        if spent.calls:
            expected = None if sent.image_tokens is None else of_prepared(brief, sent.image_tokens).usual
            paid = cost(self.families(brief.model), spent, sent, expected)
        return record.model_copy(update={"usage": spent, "cost": paid, "sent": sent})

    async def _repaired(self, brief: Brief, answer: Answer, image: PreparedImage, name: str) -> rules.Verdict:
        """Return the result of the checks after at most one call for a repair.

        The call asks only for the languages with faults and names the faults. A text is replaced only if the new one
        has fewer. If the call fails, the first answer is used.
        """
        verdict = await asyncio.to_thread(rules.check, answer, brief, name)
        if not verdict.repairable or answer.usage.calls > 1:
            return verdict
        try:
            second = await self.model.ask(brief.for_repair(verdict.repairable), image)
        except (ImageRejected, NotNow) as fault:
            _log.warning(NOT_MENDED, extra={"error": type(fault).__name__})
            return verdict
        call_context.current().charge(second.usage)
        return await asyncio.to_thread(rules.repaired, verdict, second, brief, name)

    def _sent(self, brief: Brief, image: PreparedImage) -> Sent:
        family, header = self.families(brief.model), image.header or image
        return Sent(
            width=image.width,
            height=image.height,
            size=sum(len(part.jpeg) for part in image.parts),
            parts=len(image.parts),
            detail=brief.detail,
            notes=image.notes,
            image_tokens=parts_tokens(family, image.sides, brief.detail),
            image_tokens_unshrunk=image_tokens(family, header.width, header.height, "original"),
        )


def _digest(image: PreparedImage, brief: Brief) -> str:
    """Return a digest (16 hex digits) of the prepared picture and the author's text for the model."""
    context = json.dumps([brief.decoders, image.order, brief.author, *(len(part.jpeg) for part in image.parts)])
    return hashlib.sha256(b"".join([context.encode(), *(part.jpeg for part in image.parts)])).hexdigest()[:16]


def _reused(record: Record, picture: ImageBlob, brief: Brief) -> Record:
    """Return another caller's answer about the same bytes as this picture's record, at no cost."""
    source = record.source.model_copy(
        update={"container": picture.ref.container, "name": picture.ref.name, "etag": picture.etag}
    )
    own = {"source": source, "request": Request.of(brief), "usage": Usage(), "cost": None}
    return record.model_copy(update=own)
