"""Earlier states of a picture's texts, each with all texts of its time; those with people's texts are never dropped."""

from collections.abc import Iterable
from typing import Final, Self

from pydantic import Field

from describer.domain.dates import Moment
from describer.domain.image_ref import ImageRef
from describer.domain.request import DescriptionRequest
from describer.domain.review import ANSWERED, REASONS, Demand, Judgement, judge, word_on
from describer.domain.status import Status
from describer.domain.texts import TEXT_FIELDS, AttributedTexts, Part, Review, key_of

MAX_MACHINE_ENTRIES: Final = 20
"""Maximum number of entries without people's texts."""

_STATUSES: Final = frozenset(Status)


class Request(Part):
    """A caller's options that differ from the settings; None: the setting applies, whatever its value is then."""

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
        """Return the options of a brief that a caller chose, or None."""
        chosen = {name: getattr(brief, name) for name in cls.model_fields if name in brief.chosen}
        return cls.model_validate(chosen) if chosen else None


class Answered(Part):
    """A request that the model was asked: its languages and fingerprint."""

    languages: tuple[str, ...]
    fingerprint: str


class Outcome(Part):
    """The outcome of the app's own work, if a person's decision determines the status."""

    status: Status
    reason: str = ""


class XmpSource(Part):
    """The XMP file beside a picture when it was last read."""

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
    """The XMP file beside the picture, if XMP_SIDECARS is on and there was one."""

    @property
    def ref(self) -> ImageRef:
        """The picture's reference. Raises InvalidName."""
        return ImageRef(self.container, self.name)


class DescriptionState(AttributedTexts):
    """Texts and their status."""

    status: Status
    reason: str = ""
    """A sentence: why there is no description, nothing besides a person's text, or a need for review."""
    flags: tuple[str, ...] = ()
    review: Review = Review.SUGGESTED
    demand: Demand | None = None
    outcome: Outcome | None = None
    """None: `status` and `reason` are the app's own."""
    reader: str = ""
    """For `corrupt`: the versions of the decoders. Other versions try again."""
    model: str | None = None
    """The model's name as it gave it."""
    request: Request | None = None
    """None: the settings apply."""
    fingerprint: str
    """Fingerprint of the last request, see `Brief.fingerprint`."""
    answers: tuple[Answered, ...] = ()
    """The requests that the texts come from, newest last: languages may be requested at different times."""
    missing: dict[str, Outcome] = Field(default_factory=dict)
    """By language: why a requested language has no texts."""
    at: Moment
    source: Source

    @property
    def ended(self) -> Outcome:
        """The outcome of the app's own work."""
        return self.outcome or Outcome(status=self.status, reason=self.reason)

    def judged(self, demand: Demand | None = None) -> Self:
        """Return this state with the status, review and reason that its texts imply; see review.py."""
        ended = self.ended
        said = judge(ended.status, word_on(self), demand)
        flags = tuple(flag for flag in self.flags if flag not in _STATUSES)
        if said.status is not ended.status and ended.status not in ANSWERED:
            flags = (*flags, str(ended.status))
        reason = _reason(said, ended, lacks_texts=self._lacks_texts)
        update = {"status": said.status, "review": said.review, "demand": said.demand, "reason": reason, "flags": flags}
        own = (said.status, reason) == (ended.status, ended.reason)
        return self.model_copy(update=update | {"outcome": None if own else ended})

    @property
    def _lacks_texts(self) -> bool:
        """Whether the model's answer has no texts, in all or in some of the requested languages."""
        if not any(entry.model for entry in self.provenance.values()):
            return True
        given = {tag for tag, names in self.filled().items() if names}
        return not self.is_decorative and any(not given.issuperset(answer.languages) for answer in self.answers)


def _reason(said: Judgement, ended: Outcome, *, lacks_texts: bool) -> str:
    if said.demand and said.status is Status.NEEDS_REVIEW:
        return REASONS[said.demand]
    if said.review == Review.SUGGESTED:
        return ended.reason
    if ended.status not in ANSWERED:
        return f"Only the person's text is available: {ended.reason}"
    return ended.reason if said.review == Review.EDITED and lacks_texts else ""


class HistoryEntry(DescriptionState):
    """A history entry: a sidecar's content before it was replaced."""

    record: str | None = None
    """ETag, without quotes, of the sidecar that contained it; None if only the metadata did."""


def adds_to(line: DescriptionState, newer: DescriptionState) -> bool:
    """Return whether an entry contains anything that a newer one of the same bytes does not."""
    said = _said(line.led_by(newer.language))
    return bool(said) and (line.source.sha256 != newer.source.sha256 or not said <= _said(newer))


def bounded(lines: Iterable[HistoryEntry], record: DescriptionState) -> tuple[HistoryEntry, ...]:
    """Return the entries, newest first, that `record` keeps: the newest few, and all others with a person's text."""
    seen, kept, machines = _of_people(record), list[HistoryEntry](), 0
    for line in lines:
        words = _of_people(line)
        machines += words <= seen
        if machines <= MAX_MACHINE_ENTRIES or not words <= seen:
            kept.append(line)
        seen |= words
    return tuple(kept)


def _said(known: DescriptionState) -> set[tuple[str, object, object, object]]:
    entries, of_people = known.provenance, known.of_people()
    said = ((key, value, entries.get(key)) for key, value in known.values().items() if value or key in of_people)
    return {(key, value, entry and entry.origin, entry and entry.review) for key, value, entry in said}


def _of_people(known: DescriptionState) -> set[tuple[str | None, str, object]]:
    alike = {key: key_of(key, known.language) if key in TEXT_FIELDS else key for key in known.provenance}
    return {(known.source.sha256, alike[key], value) for key, value in known.of_editors().items() if value}
