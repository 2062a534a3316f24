"""What the model is asked: profiles, house style, words, and facts of a blob."""

import json
from dataclasses import replace
from typing import Any

import pytest

from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.vision import prompt
from describer.vision.estimate import question_tokens
from describer.vision.policy import Policy
from tests.generated import ROOT
from tests.unit.conftest import BRIEF


def blob(name: str, **metadata: str) -> ImageBlob:
    """A blob of this name."""
    return ImageBlob(ImageRef("images", name), '"0x1"', 1000, metadata)


SMALL_PHOTOGRAPH = 410
"""Tokens, by IMAGE_PHOTO_TOKENS; docs/quality.md and docs/cost.md name the figure."""


@pytest.mark.parametrize("profile", prompt.PROFILES)
def test_the_question_is_short_and_with_a_small_photograph_under_1024_tokens(profile: str) -> None:
    assert question_tokens(replace(BRIEF, profile=profile)) + SMALL_PHOTOGRAPH < 1024
    for name in ("quality.md", "cost.md"):
        assert f"`IMAGE_PHOTO_TOKENS={SMALL_PHOTOGRAPH}`" in (ROOT / "docs" / name).read_text(encoding="utf-8")


CHANGES: list[dict[str, Any]] = [
    {"profile": "archive"},
    {"guidance": "Use British spelling."},
    {"words_to_use": ("Acme",)},
    {"words_to_avoid": ("cheap",)},
    {"picture_facts": '{"folder": "shop"}'},
    {"policy": Policy(soft_chars=100)},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_the_fingerprint_changes_with_what_is_said(change: dict[str, Any]) -> None:
    assert replace(BRIEF, **change).fingerprint != BRIEF.fingerprint


def test_neither_checks_nor_faults_to_correct_are_in_the_fingerprint() -> None:
    other = replace(
        BRIEF, policy=Policy(off=frozenset({"hedging"}), words=(("hedging", "so to say"),)), repair="It is."
    )
    assert other.fingerprint == BRIEF.fingerprint


def test_lengths_house_style_and_words_reach_the_model() -> None:
    brief = replace(
        BRIEF,
        policy=Policy(soft_chars=90, hard_chars=120),
        guidance="Use British spelling.",
        words_to_use=("Acme", "product:TrailRunner"),
        words_to_avoid=('a "cheap" shoe',),
    )
    assert "about 90 characters and never more than 120" in brief.instructions
    assert "House style of the library:\nUse British spelling." in brief.instructions
    assert brief.instructions.endswith('["Acme"]\n\n' + prompt._AVOID + ' ["a \\"cheap\\" shoe"]')
    assert replace(brief, profile="product").wanted_words == ("Acme", "TrailRunner")


ROWS = (
    ("shop/fr/**", "languages", ("fr", "en")),
    ("shop/**", "profile", "product"),
    ("shop/**", "languages", ("en", "de")),
    ("*.png", "guidance", "Name the program."),
)


@pytest.mark.parametrize(
    ("name", "languages", "profile", "guidance"),
    [
        ("a.jpg", ("en",), "describe", ""),
        ("shop/a.png", ("en", "de"), "product", "Name the program."),
        ("shop/fr/2026/a.jpg", ("fr", "en"), "product", ""),
        ("SHOP/FR/a.jpg", ("fr", "en"), "product", ""),
    ],
)
def test_a_prefix_decides_what_is_asked(name: str, languages: tuple[str, ...], profile: str, guidance: str) -> None:
    asked = replace(BRIEF, by_prefix=ROWS).about(blob(name))
    assert (asked.languages, asked.profile, asked.guidance) == (languages, profile, guidance)


def test_what_a_caller_chose_comes_before_the_prefix() -> None:
    asked = replace(BRIEF, by_prefix=ROWS).with_wishes(profile="news").about(blob("shop/a.jpg"))
    assert (asked.profile, asked.languages) == ("news", ("en", "de"))


def test_facts_of_a_blob_are_sent_as_data_cleaned_and_cut() -> None:
    brief = replace(BRIEF, context_of=("file_name", "folder", "metadata:event"))
    picture = blob("fairs/2026/opening\u202e day.jpg", Event="Line 1%0ALine 2 " + "x" * 400)
    facts = json.loads(brief.about(picture).picture_facts)
    assert facts["file_name"] == "opening day.jpg"
    assert facts["folder"] == "fairs/2026"
    assert facts["metadata:event"].startswith("Line 1 Line 2 xxx") and len(facts["metadata:event"]) == 300
    assert brief.about(picture).request.count(prompt._FACTS) == 1


@pytest.mark.parametrize("name", ["IMG_1234.jpg", "DSC00042.JPG", "20260102_101112.jpg", "photo (3).png"])
def test_a_name_that_a_camera_gave_is_not_sent(name: str) -> None:
    asked = replace(BRIEF, context_of=("file_name", "folder")).about(blob(name))
    assert (asked.picture_facts, asked.fingerprint) == ("", BRIEF.fingerprint)


def test_no_fact_is_sent_unless_a_setting_says_so() -> None:
    asked = BRIEF.about(blob("people/agatha.jpg", event="a feast"))
    assert asked == BRIEF and "agatha" not in asked.request + asked.instructions
