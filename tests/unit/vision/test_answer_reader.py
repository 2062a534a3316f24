"""Nearly right answers, as servers send that do not hold a model to a schema."""

import json

import pytest

from describer.domain.description import ImageKind
from describer.vision.answer_reader import MAX_TAGS, Unreadable, read, text_of

TEXTS = {"alt_text": "A red square.", "description": "It is red.", "extended_description": ""}
GOOD = {"image_kind": "photo", "visible_text": "", "texts": {"en": TEXTS}, "tags": ["red"], "is_decorative": False}
WHOLE = json.dumps(GOOD)


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        f"```json\n{WHOLE}\n```",
        f"<think>\nIs it {{red}}?\n</think>\n{WHOLE}",
        f"Here is the description:\n{WHOLE}\nAnything else?",
        f"[{WHOLE}]",
        json.dumps(WHOLE),
        [{"type": "text", "text": WHOLE[:20]}, {"type": "text", "text": WHOLE[20:]}],
        json.dumps(GOOD | {"texts": TEXTS}),
        json.dumps(GOOD | {"texts": {"EN": TEXTS}}),
        json.dumps({name: value for name, value in GOOD.items() if name != "texts"} | TEXTS),
    ],
)
def test_the_description_is_found(content: object) -> None:
    found = read(text_of(content), ("en",))
    assert (found.image_kind, found.tags, found.texts["en"].alt_text) == (ImageKind.PHOTO, ("red",), "A red square.")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Photo", "photo"),
        ("photograph", "photo"),
        ("graph", "chart"),
        ("hologram", "other"),
        (None, "other"),
        (3, "other"),
    ],
)
def test_a_kind_is_read_or_other(said: object, kind: str) -> None:
    assert read(json.dumps(GOOD | {"image_kind": said}), ("en",)).image_kind == kind


@pytest.mark.parametrize(
    ("said", "tags"),
    [("red, blue", ("red", "blue")), (None, ()), ([" red ", 3, ""], ("red",)), (["x"] * 10_000, ("x",) * MAX_TAGS)],
)
def test_tags_are_read_and_bounded(said: object, tags: tuple[str, ...]) -> None:
    assert read(json.dumps(GOOD | {"tags": said}), ("en",)).tags == tags


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a JSON object"),
        ("A red square.", "not a JSON object"),
        (WHOLE[:-9], "not a complete JSON"),
        ("[" * 100_000, "not a complete JSON"),
        ("[1, 2]", "not a JSON object"),
        (json.dumps(GOOD | {"texts": {"en": None}}), "lacks the texts in en"),
        (json.dumps(GOOD | {"texts": {"en": {"alt_text": None}}}), "lacks the texts in en"),
    ],
)
def test_what_is_missing_is_said(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(text, ("en",))


def test_a_text_without_its_language_does_not_answer_for_two() -> None:
    with pytest.raises(Unreadable, match="lacks the texts in en, de"):
        read(json.dumps(GOOD | {"texts": TEXTS}), ("en", "de"))


@pytest.mark.parametrize("content", [None, 3, {}, [None, "a"]])
def test_content_of_another_kind_has_no_text(content: object) -> None:
    assert text_of(content) == ""
