"""The picture that proves the wiring: uploaded like any other, and removed when its description has come.

Whoever proves it, a deployer or the app itself, draws it here. Needs the standard library only, and Python 3.11: the
hooks of azd import it too.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import Final, Self

from describer.domain.image_ref import ImageRef

FOLDER: Final = "_wiring-proof/"
WIDTH, HEIGHT = 160, 120
FUNCTION: Final = "run_smoke_test"
"""The function that lets the app prove it itself; `PROVED` and `FAILED` are the log events that it ends with."""

PROVED: Final = "wiring.proved"
FAILED: Final = "wiring.failed"
PATIENCE: Final = 300
"""Seconds until the app's own proof has failed; the host ends a function after ten minutes (host.json)."""

PROVING: Final = frozenset({"described", "needs_review"})
"""Statuses of a record that only a model's answer can have brought about."""

_SKY: Final = (120, 180, 235)
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class SmokeImage:
    """One picture like no other: its bytes follow from `token`, so that no earlier answer is used again.

    Args:
        token: letters, digits and hyphens; see `of`.
    """

    token: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Takes any text for a token: what cannot stand in a blob's name is left out, and nothing becomes `proof`."""
        kept = "".join(letter for letter in text if letter.isascii() and (letter.isalnum() or letter == "-"))
        return cls(kept[:_LONGEST] or "proof")

    def ref(self, container: str) -> ImageRef:
        """Where it is uploaded."""
        return ImageRef(container, f"{FOLDER}{self.token}.png")

    def draw(self) -> bytes:
        """A PNG of a sun over a meadow; where and in which colours, the token decides."""
        digest = hashlib.sha256(self.token.encode()).digest()
        sun = (255, 190 + digest[0] % 60, digest[1] % 120)
        meadow = (digest[2] % 90, 110 + digest[3] % 90, digest[4] % 90)
        across, down = 30 + digest[5] % 100, 20 + digest[6] % 30
        rows = bytearray()
        for y in range(HEIGHT):
            rows.append(0)  # no filter
            for x in range(WIDTH):
                shines = (x - across) ** 2 + (y - down) ** 2 < 15**2
                rows += bytes(sun if shines else _SKY if y < HEIGHT * 2 // 3 else meadow)
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)  # 8 bits a channel, RGB
        chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + _chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
