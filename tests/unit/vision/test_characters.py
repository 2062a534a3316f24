"""Which characters of what a model says are dropped, and which a script needs."""

import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.vision.characters import TextStream, cleaned

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "characters.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["kept"], ids=lambda case: case["reason"])
def test_what_a_script_needs_stays(case: dict[str, str]) -> None:
    assert cleaned(case["text"]) == case["text"]


@pytest.mark.parametrize("case", CASES["dropped"], ids=lambda case: case["reason"])
def test_invisible_characters_are_removed(case: dict[str, str]) -> None:
    assert cleaned(case["text"]) == case["left"]


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_invisible_is_left_and_what_is_cleaned_stays_so(text: str) -> None:
    left = cleaned(text)
    assert cleaned(left) == left
    left.encode()
    for sign in left:
        assert unicodedata.category(sign) not in {"Cc", "Cs", "Co"} or sign in "\n\t"
        assert not "\u202a" <= sign <= "\u202e" and not "\u2060" <= sign <= "\u206f"
        assert not "\U000e0000" <= sign <= "\U000e007f" and sign not in "\u200b\ufeff"


@given(st.text(st.sampled_from("aא ب\u200c\u200d\u200e\ufe0f\u200b\r\n1❤👩\u094dक")), st.integers(1, 5))
def test_a_text_in_pieces_is_cleaned_as_the_whole_is(text: str, length: int) -> None:
    text = f"א{text}"  # whether a mark is needed is told by a letter before it: a piece knows none that comes later
    stream = TextStream()
    pieces = [stream.feed(text[at : at + length]) for at in range(0, len(text), length)]
    assert "".join([*pieces, stream.end()]) == cleaned(text)
