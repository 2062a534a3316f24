"""Base64 in pieces gives what it gives in one, and takes no other."""

import base64
import binascii
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.pipeline import base64_text
from describer.pipeline.base64_text import decode, decode_pieces, max_bytes


@given(st.binary(max_size=200), st.lists(st.integers(0, 300)))
def test_it_decodes_in_whatever_pieces(data: bytes, cuts: list[int]) -> None:
    text = base64.b64encode(data).decode()
    places = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    assert decode(text) == decode_pieces(text[begin:end] for begin, end in pairwise(places)) == data
    assert len(data) <= max_bytes(text) <= len(data) + 2


def test_it_decodes_more_than_a_step() -> None:
    data = bytes(range(256)) * 4096
    text = base64.b64encode(data).decode()
    assert len(text) > 2 * base64_text._STEP
    assert decode(f"data:,{text}", 6) == data


STEP = "QUJD" * (base64_text._STEP // 4)


@pytest.mark.parametrize(
    "text",
    ["QQ", "QQ=", "QQ===", "Q Q=", "QQ==\n", "é", "QQ==QUJD", f"{STEP[:-4]}QQ==QUJD", f"{STEP}=", f"{STEP}Q"],
)
def test_what_is_not_strict_base64_is_refused(text: str) -> None:
    with pytest.raises(binascii.Error):
        decode(text)
