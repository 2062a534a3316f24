"""A person's changes to a record through an entry point: texts, `is_decorative`, a review, or an undo."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from describer.domain.edits import Edits
from describer.domain.errors import InvalidRequest
from describer.domain.record import Record
from describer.domain.review import Word, word_on
from describer.domain.texts import FACTS, Review, Value, is_text, key_of, split_key

type TextsByLanguage = Mapping[str, Mapping[str, str]]
"""Texts by the names in `TEXT_FIELDS`, by normalized language tag."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The changes to make; what is not given stays.

    Args:
        texts: new texts; an empty one clears the existing text.
        is_decorative: True clears the alt text in all languages.
        review: `approved`, `rejected`, or `suggested`, which revokes either.
        undo: the history entry to restore, 1 being the newest.
        reviewed_by: who says so, an id that means nothing to the app; empty: that is not kept.
    """

    texts: TextsByLanguage = field(default_factory=dict)
    is_decorative: bool | None = None
    review: Review | None = None
    undo: int | None = None
    reviewed_by: str = ""

    def __post_init__(self) -> None:
        own = any(self.texts.values()) or self.is_decorative is not None
        if not (own or self.review or self.undo):
            raise InvalidRequest(
                "There is nothing to change: give a text, is_decorative, review or undo.", field="texts"
            )
        if self.undo is not None and (own or self.review):
            raise InvalidRequest("undo restores earlier texts; it cannot be combined with other changes.", field="undo")
        if self.is_decorative and any(texts.get("alt_text") for texts in self.texts.values()):
            raise InvalidRequest("A decorative picture has no alt text; give one or the other.", field="is_decorative")

    def applied(self, record: Record) -> Record:
        """Return the record with the changes attributed to a person; the same record if they change nothing.

        Raises:
            InvalidRequest: the history has no such entry, or there is no text to approve or reject.
        """
        written = self._of_line(record) if self.undo is not None else self._written(record)
        changed = {key: value for key, value in written.items() if _is_new(record, key, value)}
        if self.review and word_on(record) is Word.NOBODYS and not any(changed.values()):
            raise InvalidRequest("There is no alt text to approve or reject; write one.", field="review")
        corrected = Edits(changed, frozenset(), self.review).applied(record)
        if corrected == record:
            return record
        signed = _signed(corrected, record, self.reviewed_by or None)
        return signed.judged(signed.demand).model_copy(update={"edited": True})

    def _written(self, record: Record) -> dict[str, Value]:
        written: dict[str, Value] = {}
        for tag, texts in self.texts.items():
            written |= {key_of(name, tag, record.language): value for name, value in texts.items()}
        if self.is_decorative is not None:
            written["is_decorative"] = self.is_decorative
        elif record.is_decorative and written.get("alt_text"):
            written["is_decorative"] = False
        if self.is_decorative:
            keys = [key for key in record.values() if split_key(key)[1] == "alt_text"]
            written |= dict.fromkeys(keys, "")
        return written

    def _of_line(self, record: Record) -> dict[str, Value]:
        number = self.undo or 0
        if not 1 <= number <= len(record.history):
            raise InvalidRequest(f"The history has {len(record.history)} entries; 1 is the newest.", field="undo")
        line = record.history[number - 1]
        values = (line.led_by(record.language) if line.language else line).values()
        earlier = {key: value for key, value in values.items() if value and is_text(key)}
        if not earlier and not line.is_decorative:
            raise InvalidRequest(f"Entry {number} of the history has no text.", field="undo")
        return {"alt_text": "", **earlier} | {name: values[name] for name in FACTS if name == "is_decorative"}


def _signed(corrected: Record, record: Record, reviewed_by: str | None) -> Record:
    """Name in each entry that the correction has changed who it was."""
    changed = {key: by for key, by in corrected.provenance.items() if by != record.provenance.get(key)}
    signed = {key: by.model_copy(update={"reviewed_by": reviewed_by}) for key, by in changed.items()}
    return corrected.replacing({}, signed)


def _is_new(record: Record, key: str, value: Value) -> bool:
    entry = record.provenance.get(key)
    return record.values().get(key, "") != value or (entry is not None and entry.review == Review.REJECTED)
