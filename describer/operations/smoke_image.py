"""The picture of the smoke test: uploaded like any other, and deleted once it is described.

The app and azd's hooks draw it, so this module uses only the standard library and Python 3.11.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import Final, Self

from describer.domain.image_ref import ImageRef

FOLDER: Final = "_smoke-test/"
WIDTH, HEIGHT = 160, 120
FUNCTION: Final = "run_smoke_test"
"""The function that runs the smoke test inside the app; it logs `PASSED` or `FAILED`."""

PASSED: Final = "smoke_test.passed"
FAILED: Final = "smoke_test.failed"
TIMEOUT_SECONDS: Final = 300
"""Seconds until the app's own smoke test fails; the host ends a function after ten minutes (host.json)."""

PASSING: Final = frozenset({"described", "needs_review"})
"""Statuses that require an answer of the model."""

_SKY: Final = (120, 180, 235)
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class SmokeImage:
    """A picture whose bytes depend on `token`, so that no stored answer matches it.

    Args:
        token: letters, digits and hyphens; see `of`.
    """

    token: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Return a picture whose token is the text without characters that a blob's name cannot contain."""
        kept = "".join(letter for letter in text if letter.isascii() and (letter.isalnum() or letter == "-"))
        return cls(kept[:_LONGEST] or "unnamed")

    def ref(self, container: str) -> ImageRef:
        """Return the blob that it is uploaded to."""
        return ImageRef(container, f"{FOLDER}{self.token}.png")

    def draw(self) -> bytes:
        """Return a PNG of a sun over a meadow, whose positions and colours depend on the token."""
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
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)  # 8 bits per channel, RGB
        chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + _chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
