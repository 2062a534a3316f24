"""From a picture's bytes to its record: prepare ─► ask ─► check ─► mend, once.

What cannot be described becomes a record too, with the status that the refusal carries. The same bytes under another
name of the container (a copy) are asked for once. What copies share names none of them. The bytes are let go of as soon
as the picture is prepared, or somebody else is asking about the same ones.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from describer.domain import bugs, precedence
from describer.domain.errors import ImageRejected, Misconfigured, NotNow, Transient
from describer.domain.history import Request, Source
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.naming import shared_key
from describer.domain.new_file import beside_anew, rebased
from describer.domain.record import Record, Sent, Usage
from describer.domain.status import Status
from describer.pipeline import call_context
from describer.pipeline.answer_cache import AnswerCache
from describer.pipeline.ports import ImagePreparer, Model, Records
from describer.pipeline.single_flight import SingleFlight
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from describer.vision.characters import cleaned
from describer.vision.estimate import of_prepared
from describer.vision.families import Families
from describer.vision.image_tokens import image_tokens, parts_tokens
from describer.vision.imaging.values import Header, PreparedImage
from describer.vision.pricing import cost
from describer.vision.quality import rules

NOT_SHARED: Final = "answer.not_shared"
NOT_MENDED: Final = "answer.not_mended"

_log = logging.getLogger(__name__)


def source_of(picture: ImageBlob, content: ImageContent, header: Header | None = None) -> Source:
    """Return the picture as the record names it."""
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


_SPACER: Final = "A small picture of a single colour is taken for a spacer: decorative. The model was not asked."


@dataclass(frozen=True, slots=True)
class ImageDescriber:
    """Writes records.

    Args:
        preparer, model, records: the ports; see ports.py.
        families: how a model counts and what it costs.
        single_flight: what is being asked now, by the digest of bytes and brief.
        answers: what was answered on demand, by the same digest.
        put_off: says when to come back, where nothing may be spent on the model now. What costs nothing goes on.
    """

    preparer: ImagePreparer
    model: Model
    records: Records
    families: Families
    single_flight: SingleFlight[Record] = field(default_factory=SingleFlight)
    answers: AnswerCache = field(default_factory=AnswerCache)
    put_off: Callable[[], Transient | None] = lambda: None

    async def describe(self, picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
        """Return the record of these bytes: a copy's, a new one, or one that says why there is no text."""
        if content.refusal or brief.again:
            return await self.anew(picture, content, brief)
        container, key = picture.ref.container, shared_key(content.sha256, brief.fingerprint)

        async def ask() -> Record:
            if cached := await self.records.find_cached(container, key):
                return _reused(cached, picture, brief)
            record = await self.anew(picture, content, brief)
            if record.status is Status.DESCRIBED:
                await self._share(container, key, record)
            return record

        record, own = await self.single_flight.run(f"{container}/{key}", ask, waiting=content.release)
        return record if own else _reused(record, picture, brief)

    async def describe_unstored(self, picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
        """Return the record of these bytes for a caller on demand: what was answered minutes ago, or a new one."""
        if content.refusal or brief.again:
            return await self.anew(picture, content, brief)
        key = shared_key(content.sha256, brief.fingerprint)
        if kept := self.answers.get(key):
            return _reused(kept, picture, brief)

        async def ask() -> Record:
            record = await self.anew(picture, content, brief)
            if record.usage.calls and record.status is not Status.FAILED:
                self.answers.put(key, record)
            return record

        record, own = await self.single_flight.run(key, ask, waiting=content.release)
        return record if own else _reused(record, picture, brief)

    async def _share(self, container: str, key: str, record: Record) -> None:
        """Offer an answer to copies. This is best effort: the answer is not lost if it fails."""
        unnamed = record.source.model_copy(update={"name": "", "etag": ""})
        try:
            await self.records.cache(container, key, record.model_copy(update={"source": unnamed, "request": None}))
        except Exception as error:  # noqa: BLE001 - whatever it is, what was paid for is kept
            level = logging.WARNING if isinstance(error, NotNow) else logging.ERROR
            _log.log(level, NOT_SHARED, extra={"key": f"{container}/{key}", **bugs.facts(error)})

    async def anew(self, picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
        """Return the record of these bytes, whatever copies have; nothing is shared with them.

        Raises:
            Transient: nothing may be asked now; or the bytes were given back, while another caller asked about the same
                ones and was cancelled.
        """
        source = source_of(picture, content)
        if content.refusal:
            return Record.refused(brief, source, content.refusal)
        if content.released:
            raise Transient("the call that asked about the same bytes was cancelled")
        if later := self.put_off():
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
                answer = await self.model.ask(asked, image)
                call.charge(answer.usage)
            except ImageRejected as refusal:
                record = Record.refused(brief, source.model_copy(update=refusal.facts), refusal)
                return self._charged(record, brief, call.spent, sent)
            verdict = await self._mended(asked, answer, image, source.name)
        record = self._record(brief, source, answer.model, verdict)
        record = record.model_copy(update={"prepared": _digest(image, asked)})
        return self._charged(record, brief, call.spent, sent)

    async def as_before(
        self, picture: ImageBlob, content: ImageContent, stored: StoredRecord | None, brief: Brief
    ) -> tuple[ImageBlob, StoredRecord | None, Brief]:
        """Return picture and record as if they were about these bytes, if the model would see what it saw before.

        Else both as they are. It costs the decoding, where a picture that is described comes in another file; what was
        decoded is kept for the model. Where another XMP file is beside the same bytes, the record is without the texts
        that it replaces; the brief asks anew if one was removed.
        """
        if stored and (known := beside_anew(content, stored)):
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
        """Add to `record` what was paid for it, answers that came to nothing among it."""
        if sent is None:
            return record
        paid = None
        if spent.calls:
            expected = None if sent.image_tokens is None else of_prepared(brief, sent.image_tokens).usual
            paid = cost(self.families(brief.model), spent, sent, expected)
        return record.model_copy(update={"usage": spent, "cost": paid, "sent": sent})

    async def _mended(self, brief: Brief, answer: Answer, image: PreparedImage, name: str) -> rules.Verdict:
        """Return what the checks say of the answer, after the one call that may mend it.

        Only the languages are asked for in which something is to be mended, and what is wrong is named. A text takes
        the place of the first one only if less is found in it. Where the call fails, the first answer stands: it was
        paid for.
        """
        verdict = await asyncio.to_thread(rules.check, answer, brief, name)
        if not verdict.mendable or answer.usage.calls > 1:
            return verdict
        try:
            second = await self.model.ask(brief.mending(verdict.mendable), image)
        except (ImageRejected, Transient, Misconfigured) as fault:
            _log.warning(NOT_MENDED, extra={"error": type(fault).__name__})
            return verdict
        call_context.current().charge(second.usage)
        return await asyncio.to_thread(rules.mended, verdict, second, brief, name)

    def _record(self, brief: Brief, source: Source, model: str, verdict: rules.Verdict) -> Record:
        return Record.of_answer(
            brief,
            source,
            verdict.description,
            status=verdict.status,
            reason=verdict.reason,
            flags=verdict.flags,
            model=cleaned(model),
        )

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
    """Digest what the model is shown of this picture, and told of it by its author, in 16 hex digits."""
    told = json.dumps([brief.decoders, image.order, brief.author, *(len(part.jpeg) for part in image.parts)])
    return hashlib.sha256(b"".join([told.encode(), *(part.jpeg for part in image.parts)])).hexdigest()[:16]


def _reused(record: Record, picture: ImageBlob, brief: Brief) -> Record:
    """Return another picture's answer about the same bytes, as the record of this one, which cost nothing."""
    source = record.source.model_copy(
        update={"container": picture.ref.container, "name": picture.ref.name, "etag": picture.etag}
    )
    own = {"source": source, "request": Request.of(brief), "usage": Usage(), "cost": None}
    return record.model_copy(update=own)
