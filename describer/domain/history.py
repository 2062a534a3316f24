"""What was known of a picture earlier. A line holds all texts of its time; those of people are never dropped."""

from collections.abc import Iterable
from typing import Final, Self

from pydantic import Field

from describer.domain.dates import Moment
from describer.domain.request import DescriptionRequest
from describer.domain.review import ANSWERED, REASONS, Demand, Judgement, judge, word_on
from describer.domain.status import Status
from describer.domain.texts import FACTS, AttributedTexts, Part, Review

MOST_LINES: Final = 20
"""That hold nothing of people's."""

_STATUSES: Final = frozenset(Status)


class Request(Part):
    """What a caller asked otherwise than the settings; None stands for the settings, whatever they are by then."""

    languages: tuple[str, ...] | None = None
    model: str | None = None
    detail: str | None = None
    max_completion_tokens: int | None = None
    context: str | None = None
    profile: str | None = None
    max_chars: int | None = None
    max_image_tokens: int | None = None
    words_to_use: tuple[str, ...] | None = None
    words_to_avoid: tuple[str, ...] | None = None

    @classmethod
    def of(cls, brief: DescriptionRequest) -> Self | None:
        """Return what of a brief a caller chose, or None."""
        chosen = {name: getattr(brief, name) for name in cls.model_fields if name in brief.chosen}
        return cls.model_validate(chosen) if chosen else None


class Answered(Part):
    """A request that the model was asked, or would have been: the languages, and its fingerprint."""

    languages: tuple[str, ...]
    fingerprint: str


class Outcome(Part):
    """How the app's own work ended, where a person's word decides the status."""

    status: Status
    reason: str = ""


class XmpSource(Part):
    """The XMP file beside a picture, as it was read last."""

    name: str
    sha256: str


class Source(Part):
    """The picture as it was read. `sha256` is None if it was not read; `size` is in bytes, the sides in pixels."""

    container: str
    name: str
    etag: str
    size: int
    sha256: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    xmp: XmpSource | None = None
    """The author's texts beside the picture, where XMP_SIDECARS is on and there were any."""


class DescriptionState(AttributedTexts):
    """Texts, and what is to be done about them."""

    status: Status
    reason: str = ""
    """Why there is no description, nothing beside a person's text, or why a person should look; a sentence."""
    flags: tuple[str, ...] = ()
    review: Review = Review.SUGGESTED
    demand: Demand | None = None
    outcome: Outcome | None = None
    """None: `status` and `reason` are the app's own."""
    reader: str = ""
    """With `corrupt`: which decoders found it so, by their versions. Others try again."""
    model: str | None = None
    """The model as it named itself in its answer."""
    request: Request | None = None
    """None: asked as the settings say."""
    fingerprint: str
    """Of the last request: see `Brief.fingerprint`."""
    answers: tuple[Answered, ...] = ()
    """What the texts come from, the newest last: a language may have been asked for later than the others."""
    missing: dict[str, Outcome] = Field(default_factory=dict)
    """By language: why one that was asked for beside the others has no texts."""
    at: Moment
    source: Source

    @property
    def ended(self) -> Outcome:
        """How the app's own work ended."""
        return self.outcome or Outcome(status=self.status, reason=self.reason)

    def judged(self, demand: Demand | None = None) -> Self:
        """Return the same with the status, review and reason that its texts call for; see review.py."""
        ended = self.ended
        said = judge(ended.status, word_on(self), demand)
        flags = tuple(flag for flag in self.flags if flag not in _STATUSES)
        if said.status is not ended.status and ended.status not in ANSWERED:
            flags = (*flags, str(ended.status))
        reason = _reason(said, ended)
        update = {"status": said.status, "review": said.review, "demand": said.demand, "reason": reason, "flags": flags}
        own = (said.status, reason) == (ended.status, ended.reason)
        return self.model_copy(update=update | {"outcome": None if own else ended})


def _reason(said: Judgement, ended: Outcome) -> str:
    if said.demand and said.status is Status.NEEDS_REVIEW:
        return REASONS[said.demand]
    if said.review == Review.SUGGESTED:
        return ended.reason
    if ended.status not in ANSWERED:
        return f"Nothing was added to the person's text: {ended.reason}"
    return ended.reason if said.review == Review.EDITED else ""


class HistoryEntry(DescriptionState):
    """A line of the history: what stood in the sidecar before it was replaced."""

    record: str | None = None
    """The ETag, without quotes, of the sidecar in which it stood; None if it stood in the metadata only."""


def adds_to(line: DescriptionState, newer: DescriptionState) -> bool:
    """Return whether the line says anything that a newer one does not say of the same bytes."""
    said = _said(line.led_by(newer.language))
    return bool(said) and (line.source.sha256 != newer.source.sha256 or not said <= _said(newer))


def bounded(lines: Iterable[HistoryEntry], record: DescriptionState) -> tuple[HistoryEntry, ...]:
    """The lines, newest first, that `record` keeps: the newest few, and each with words of people's not found above."""
    seen, kept, machines = _of_people(record), list[HistoryEntry](), 0
    for line in lines:
        words = _of_people(line)
        machines += words <= seen
        if machines <= MOST_LINES or not words <= seen:
            kept.append(line)
        seen |= words
    return tuple(kept)


def _said(known: DescriptionState) -> set[tuple[str, object, object, object]]:
    entries, of_people = known.provenance, known.of_people()
    said = ((key, value, entries.get(key)) for key, value in known.values().items() if value or key in of_people)
    return {(key, value, entry and entry.origin, entry and entry.review) for key, value, entry in said}


def _of_people(known: DescriptionState) -> set[tuple[str | None, str, object]]:
    alike = {key: key if "/" in key or key in FACTS else f"{known.language}/{key}" for key in known.provenance}
    return {(known.source.sha256, alike[key], value) for key, value in known.of_editors().items() if value}
