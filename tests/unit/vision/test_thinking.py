"""Thinking aloud is no part of an answer, whole or in pieces; one that fills the answer is reported."""

import itertools

import pytest

from describer.vision import filling, thinking

SIGNS = [
    *thinking._MARKERS.items(),
    ("<THINK>", "</THINK>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>a<|channel|>final<|message|>"),
]
ANSWER = '{"alt_text": "A sign that says <think>."}'


@pytest.mark.parametrize(("opens", "closes"), SIGNS, ids=[opens for opens, _ in SIGNS])
def test_thinking_is_taken_off(opens: str, closes: str) -> None:
    thought = f"{opens}I see {{a sun}}.{closes}\n{ANSWER}"
    assert thinking.without(thought) == ANSWER
    assert thinking.without(thought.removeprefix(opens)) == ANSWER
    assert thinking.without(f"{opens}I see a") == ""
    assert thinking.aloud(thought) and not thinking.aloud(ANSWER)
    for size in (1, 3, 7, 1000):
        filtered = thinking.Filter()
        pieces = ["".join(part) for part in itertools.batched(f" {thought}", size, strict=False)]
        assert "".join([*map(filtered.feed, pieces), filtered.end()]) == ANSWER
        assert filtered.thought


@pytest.mark.parametrize(
    "answer", [ANSWER, "```json\n{}", "[1, 2]", '"a </think> b"', "A cat.", "<", "<thi", "", "[A]"]
)
def test_an_answer_without_any_stays_as_it_is(answer: str) -> None:
    assert thinking.without(answer) == answer
    assert not thinking.aloud(answer)
    filtered = thinking.Filter()
    assert "".join([*map(filtered.feed, answer), filtered.end()]) == answer


def test_thinking_in_parts_of_its_own_is_seen() -> None:
    assert thinking.aloud([{"type": "thinking", "thinking": []}, {"type": "text", "text": ANSWER}])
    assert not thinking.aloud([{"type": "text", "text": ANSWER}, "text"])
    assert not thinking.aloud(None)


@pytest.mark.parametrize(
    ("content", "filled"),
    [
        ("", "white space"),
        ("\u3000\n\u200b\u00a0", "white space"),
        ('{"a": "' + r"\n\t\u00a0" * 200, "white space"),
        ('{"a": "' + "ab " * 200, "one word, sign or phrase over and over"),
        ("A cat sits on the mat. " * 30, "one word, sign or phrase over and over"),
        ('{"image_kind":' + " " * 220, "white space"),
        ('{"a": "' + "ab " * 70, "one word, sign or phrase over and over"),
        ("the the the", ""),
        (ANSWER, ""),
        (" ".join(str(number) for number in range(500)), ""),
    ],
)
def test_what_fills_an_answer(content: str, filled: str) -> None:
    assert filling.of(content) == filled
