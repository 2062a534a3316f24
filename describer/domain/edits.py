"""Detects people's changes since the app's last write, in the sidecar and in the picture's metadata.

People need not set a marker: a text that differs from the digest of the app's text is a person's, and a missing text
was removed by a person. Reading is idempotent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from describer.domain import metadata
from describer.domain.history import DescriptionState
from describer.domain.metadata import Copy
from describer.domain.review import Demand, Word, word_on
from describer.domain.texts import (
    FACTS,
    Origin,
    Provenance,
    Review,
    Value,
    by_person,
    digest_of,
    is_text,
    removed,
    split_key,
)

_JUDGED: Final = {Review.APPROVED: Word.APPROVED, Review.REJECTED: Word.REJECTED}


@dataclass(frozen=True, slots=True)
class Edits:
    """People's changes: values written or emptied, by key; keys removed; and their review, if any."""

    written: Mapping[str, Value] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    review: Review | None = None

    def __bool__(self) -> bool:
        return bool(self.written or self.gone or self.review)

    def applied[K: DescriptionState](self, known: K, language: str = "") -> K:
        """Return `known` with these edits, which are in its default language or in `language`."""
        led, written = known.led_by(language or known.language), dict(self.written)
        if written.get("is_decorative") is True and led.origin("alt_text") in {None, Origin.MODEL}:
            written.setdefault("alt_text", "")
        led = led.replacing(written | dict.fromkeys(self.gone, ""), by_person(written) | removed(self.gone))
        if self.gone:
            led = led.model_copy(update={"demand": Demand.REMOVED})
        rewritten = self.review == Review.REJECTED and bool(written.get("alt_text"))
        return _reviewed(led, None if rewritten else self.review).led_by(known.language)


def in_sidecar(known: DescriptionState) -> Edits:
    """Return people's changes in the sidecar."""
    values, written, gone = known.values(), dict[str, Value](), set[str]()
    facts = () if all(entry.digest for entry in known.provenance.values()) else FACTS  # older records have no digests
    for key in values | known.provenance:
        value, entry = values.get(key, ""), known.provenance.get(key)
        if entry is None:
            written |= {key: value} if value and key not in facts else {}
        elif entry.digest is not None and entry.digest != digest_of(value):
            if value or key in FACTS or _is_there(known, key):
                written[key] = value
            else:
                gone.add(key)
    review = _review_of(known)
    return Edits(written, frozenset(gone), review)


def in_metadata(copy: Copy, past: Iterable[DescriptionState]) -> Edits:
    """Return people's changes in the metadata; `past` is what the app may have written there before it used digests."""
    written, gone = dict[str, Value](), set[str]()
    for name in (*metadata.TEXTS, metadata.DECORATIVE):
        mark, there, value = copy.written.get(name), name in copy.values, copy.values.get(name, "")
        if mark is None:
            new = value and (copy.written or not any(_is_copy(value, known, name) for known in past))
            written |= {name: value} if new else {}
        elif there and digest_of(value) != mark[1]:
            written[name] = value
        elif not there and name == metadata.DECORATIVE:
            written[name] = False
        elif not there:
            gone.add(name)
    return Edits(written, frozenset(gone), _review_in(copy))


def copied(copy: Copy, known: DescriptionState) -> DescriptionState:
    """Return people's texts that the app copied into the metadata, and approvals, in the shape of `known`."""
    approved = Review.APPROVED if copy.values.get(metadata.REVIEW) == Review.APPROVED else None
    entries = {
        name: Provenance(origin=origin, digest=digest, review=approved if origin == Origin.MODEL else None)
        for name, (origin, digest) in copy.written.items()
        if name != metadata.REVIEW
        and origin != Origin.EMBEDDED  # the file has the full text
        and digest_of(copy.values.get(name, "")) == digest
    }
    entries = {name: entry for name, entry in entries.items() if entry.is_persons}
    if entries.get(metadata.DECORATIVE):
        entries |= by_person({"alt_text": ""}) if "alt_text" not in copy.values else {}
    return known.replacing({name: copy.values.get(name, "") for name in entries}, entries)


def _is_there(known: DescriptionState, key: str) -> bool:
    tag, name = split_key(key)
    if tag is None:
        return key in known.model_fields_set and getattr(known, key) is not None
    return tag in known.translations and name in known.translations[tag].model_fields_set


def _is_copy(value: Value, known: DescriptionState, name: str) -> bool:
    ours = known.origin(name) == Origin.MODEL
    return ours and value in {getattr(known, name), metadata.decode(metadata.copy_of(known, name))}


def _review_in(copy: Copy) -> Review | None:
    said, mark = copy.values.get(metadata.REVIEW), copy.written.get(metadata.REVIEW)
    if mark is None or digest_of(said) == mark[1]:
        return None
    return next((review for review in _JUDGED if review == said), None)


def _review_of(known: DescriptionState) -> Review | None:
    word = word_on(known)
    if known.review in _JUDGED:
        return Review(known.review) if word is not _JUDGED[known.review] else None
    taken_back = known.review == Review.SUGGESTED and word in _JUDGED.values()
    return Review.SUGGESTED if taken_back else None


def _reviewed[K: DescriptionState](known: K, said: Review | None) -> K:
    """Return `known` with its texts approved, rejected, or with neither."""
    if said is None or word_on(known) is Word.NOBODYS:
        return known
    judged = None if said == Review.SUGGESTED else said
    values = known.values()
    marked = {
        key: entry.model_copy(update={"review": judged})
        for key, entry in known.provenance.items()
        if is_text(key) and values.get(key)
    }
    return known.replacing({}, marked).model_copy(update={"demand": None})
