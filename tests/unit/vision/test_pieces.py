"""Stretches of bytes read as one file."""

from io import SEEK_CUR, SEEK_END

from hypothesis import given
from hypothesis import strategies as st

from describer.vision.imaging.pieces import joined


@given(st.lists(st.binary(max_size=9)), st.integers(0, 40), st.integers(0, 40))
def test_pieces_read_as_if_they_were_joined(pieces: list[bytes], start: int, count: int) -> None:
    whole = b"".join(pieces)
    file = joined(*pieces)
    assert file.read() == whole
    file.seek(start)
    assert file.read(count) == whole[start : start + count]


def test_it_is_moved_from_its_end_and_from_where_it_stands() -> None:
    file = joined(b"abc", b"", memoryview(b"defg"))
    assert file.seek(-2, SEEK_END) == 5
    assert file.seek(-3, SEEK_CUR) == 2
    assert file.read(3) == b"cde"
