"""From what a model said to a description: liberal in the form, since servers differ in how they hold a model to it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeIs

from describer.domain.description import Description, ImageKind, Texts
from describer.vision import thinking

MAX_TAGS: Final = 50
_KINDS: Final = {"photograph": "photo", "picture": "photo", "drawing": "illustration", "graph": "chart"}
_TRUE: Final = (True, 1, "true", "yes")


class Unreadable(ValueError):
    """There is no description in it. The text is a clause for the model and for people."""


def text_of(content: object) -> str:
    """Return the text of a message's content: a string, or parts with a `text` each; without what was thought aloud."""
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return thinking.without(content) if isinstance(content, str) else ""


def read(text: str, languages: Sequence[str]) -> Description:
    """Return the description in a text that holds a JSON object.

    A code fence and words around the object, an array of one and JSON in a JSON string are looked through. A kind that
    is not known is `other`.

    Raises:
        Unreadable: no such object, or it has texts in none of the languages.
    """
    fields = _object(text)
    return Description(
        image_kind=_kind(fields.get("image_kind")),
        is_decorative=_lower(fields.get("is_decorative")) in _TRUE,
        visible_text=_joined(fields.get("visible_text")),
        tags=_tags(fields.get("tags")),
        texts=_texts(fields, languages),
        uncertainties=_tags(fields.get("uncertainties"), r"[;\n]"),
    )


def _object(text: str) -> Mapping[str, Any]:
    value: object = text
    for _ in range(3):
        if isinstance(value, str):
            value = _first_value(value)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, Mapping):
            return value
    raise Unreadable("the answer is no JSON object")


def _first_value(text: str) -> object:
    start = re.search(r'[{\["]' if text.lstrip().startswith('"') else r"[{\[]", text)
    if not start:
        raise Unreadable("the answer is no JSON object")
    try:
        value: object = json.JSONDecoder(strict=False).raw_decode(text, start.start())[0]
    except (ValueError, RecursionError) as error:
        raise Unreadable("the answer is no whole JSON object") from error
    return value


def _texts(fields: Mapping[str, Any], languages: Sequence[str]) -> dict[str, Texts]:
    given = fields.get("texts")
    by_tag = {str(tag).lower().replace("_", "-"): said for tag, said in given.items()} if _is_map(given) else {}
    if len(languages) == 1 and languages[0].lower() not in by_tag:
        # One language was asked for: the texts may stand without it.
        by_tag[languages[0].lower()] = given if _is_map(given) and "alt_text" in given else fields
    read = {tag: by_tag.get(tag.lower()) for tag in languages}
    missing = [tag for tag, said in read.items() if not (_is_map(said) and isinstance(said.get("alt_text"), str))]
    if len(missing) == len(read):
        raise Unreadable(f"the answer lacks the texts in {', '.join(missing)}")
    return {
        tag: Texts(**{name: _joined(said.get(name)) for name in Texts.model_fields})
        for tag, said in read.items()
        if said and tag not in missing
    }


def _is_map(value: object) -> TypeIs[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _kind(value: object) -> ImageKind:
    word = str(_lower(value))
    word = _KINDS.get(word, word)
    return ImageKind(word) if word in ImageKind else ImageKind.OTHER


def _tags(value: object, between: str = r"[,;\n]") -> tuple[str, ...]:
    words = re.split(between, value) if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(word.strip() for word in words if isinstance(word, str) and word.strip())[:MAX_TAGS]


def _joined(value: object) -> str:
    lines = value if isinstance(value, list) else [value]
    return "\n".join(line for line in lines if isinstance(line, str))


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value if isinstance(value, (bool, int)) else ""
