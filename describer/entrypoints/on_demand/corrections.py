"""What a person may change in a record, checked alike for every way in."""

from collections.abc import Mapping
from typing import Final

from describer.domain import language
from describer.domain.correction import Correction
from describer.domain.errors import InvalidRequest
from describer.domain.texts import TEXT_FIELDS, Review

LONGEST_TEXT: Final = 8000
LONGEST_REVIEWER: Final = 100
"""Characters."""


def corrected(
    texts: Mapping[str, Mapping[str, str]],
    *,
    is_decorative: bool | None = None,
    review: str = "",
    undo: int | None = None,
    reviewed_by: str = "",
) -> Correction:
    """Return the correction that a caller gave.

    Args:
        texts: by language tag, then by the names of `TEXT_FIELDS`.
        is_decorative: whether an empty alt text is right; None: as it is.
        review: `approved`, `rejected` or `suggested`; empty: as it is.
        undo: a line of the history; 1 is the newest.
        reviewed_by: who says so, as the caller calls them.

    Raises:
        InvalidRequest: a tag is none, or is given twice; a text or a name is too long; nothing is to be changed.
    """
    normal: dict[str, Mapping[str, str]] = {}
    for tag, given in texts.items():
        name = _normal(tag)
        if name in normal:
            raise InvalidRequest(f"The language {name} is given twice.", field="texts")
        normal[name] = given
        for field in TEXT_FIELDS:
            if len(given.get(field, "")) > LONGEST_TEXT:
                raise InvalidRequest(f"A text has at most {LONGEST_TEXT} characters.", field=f"texts.{name}.{field}")
    if len(reviewed_by) > LONGEST_REVIEWER or not reviewed_by.isprintable():
        sentence = f"It has at most {LONGEST_REVIEWER} characters, on one line; better an id than a name."
        raise InvalidRequest(sentence, field="reviewed_by")
    return Correction(normal, is_decorative, Review(review) if review else None, undo, reviewed_by.strip())


def _normal(tag: str) -> str:
    try:
        return language.normal(tag)
    except ValueError:
        sentence = "It is not a BCP 47 tag of registered parts such as en, pt-BR or zh-Hans."
        raise InvalidRequest(sentence, field="texts") from None
