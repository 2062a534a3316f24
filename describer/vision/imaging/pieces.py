"""Presents several byte buffers as one file without copying them."""

from collections.abc import Buffer
from io import SEEK_SET, BufferedReader, RawIOBase
from typing import Final

_AT_ONCE: Final = 64 * 1024


def joined(*pieces: Buffer) -> BufferedReader:
    """Return a file of these buffers, one after the other."""
    return BufferedReader(_Pieces(*pieces), _AT_ONCE)


class _Pieces(RawIOBase):
    def __init__(self, *pieces: Buffer) -> None:
        self._pieces = [memoryview(piece) for piece in pieces]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        starts = 0, self._at, sum(map(len, self._pieces))
        self._at = max(0, starts[whence] + offset)
        return self._at

    def readinto(self, buffer: Buffer) -> int:
        """Copy from the buffer at the current position as much as fits."""
        into = memoryview(buffer)
        start = self._at
        for piece in self._pieces:
            if start < len(piece):
                some = piece[start : start + len(into)]
                into[: len(some)] = some
                self._at += len(some)
                return len(some)
            start -= len(piece)
        return 0
