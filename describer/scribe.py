"""From a picture's bytes to its record: inspect ─► prepare ─► ask ─► check.

What cannot be described becomes a record too, with the status that the refusal carries. The same bytes under another
name of the container (a twin) are asked for once. What twins share names none of them.
"""

from dataclasses import dataclass

from describer.brief import Brief
from describer.cost import estimate
from describer.errors import Refused
from describer.history import Request, Source
from describer.image.values import Header, PreparedImage
from describer.inflight import InFlight
from describer.models import Families
from describer.outcome import Status
from describer.ports import Answer, Content, Model, Picture, Records, Studio
from describer.quality import rules
from describer.record import Record, Sent, Usage
from describer.sidecar import shared_key
from describer.tokens import image_tokens


def source_of(picture: Picture, content: Content, header: Header | None = None) -> Source:
    """The picture as the record names it."""
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


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes records; `families` says how a model counts and what it costs."""

    studio: Studio
    model: Model
    records: Records
    families: Families
    in_flight: InFlight

    async def describe(self, picture: Picture, content: Content, brief: Brief) -> Record:
        """The record of these bytes: a twin's, a new one, or the record of why there is none."""
        if content.refusal or brief.again:
            return await self.anew(picture, content, brief)
        container, key = picture.ref.container, shared_key(content.sha256, brief.fingerprint)
        async with self.in_flight.alone(f"{container}/{key}"):
            if twin := await self.records.twin(container, key):
                source = twin.source.model_copy(update={"name": picture.ref.name, "etag": picture.etag})
                own = {"source": source, "request": Request.of(brief), "usage": Usage(), "cost": None}
                return twin.model_copy(update=own)
            record = await self.anew(picture, content, brief)
            if record.status is Status.DESCRIBED:
                unnamed = record.source.model_copy(update={"name": "", "etag": ""})
                shared = record.model_copy(update={"source": unnamed, "request": None})
                await self.records.share(container, key, shared)
            return record

    async def anew(self, picture: Picture, content: Content, brief: Brief) -> Record:
        """The record of these bytes, whatever is known of twins; nothing is shared with them."""
        source = source_of(picture, content)
        if content.refusal:
            return Record.refused(brief, source, content.refusal)
        try:
            header = await self.studio.inspect(content.data)
            source = source_of(picture, content, header)
            image = await self.studio.prepare(
                content.data, model=brief.model, detail=brief.detail, max_tokens=brief.max_image_tokens
            )
            answer = await self.model.ask(brief, image)
        except Refused as refusal:
            return Record.refused(brief, source, refusal)
        return self._record(brief, source, self._sent(brief, header, image), answer)

    def _record(self, brief: Brief, source: Source, sent: Sent, answer: Answer) -> Record:
        verdict = rules.check(answer, brief)
        return Record.of_answer(
            brief,
            source,
            answer.description if "refusal" not in verdict.flags else None,
            status=verdict.status,
            reason=verdict.reason,
            flags=verdict.flags,
            model=answer.model,
            sent=sent,
            usage=answer.usage,
            cost=estimate(self.families(brief.model), answer.usage, sent),
        )

    def _sent(self, brief: Brief, header: Header, image: PreparedImage) -> Sent:
        family = self.families(brief.model)
        return Sent(
            width=image.width,
            height=image.height,
            size=len(image.jpeg),
            detail=brief.detail,
            notes=image.notes,
            image_tokens=image_tokens(family, image.width, image.height, brief.detail),
            image_tokens_unshrunk=image_tokens(family, header.width, header.height, "original"),
        )
