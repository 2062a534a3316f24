"""Reads the coded size of an HEVC picture. ITU-T H.265, 7.3.2.2 (sequence parameter set); ISO 14496-15, 8.3.3.1."""

from dataclasses import dataclass
from typing import Final

_SEQUENCE: Final = 33
_MOST: Final = 16
_STEPS: Final = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
"""Pixels per unit of the cropping window, by chroma format."""


def coded_size(configuration: bytes) -> tuple[int, int] | None:
    """Return width and height of the decoded picture, from the content of an `hvcC` box; None if it is invalid."""
    at = 23
    for _ in range(min(configuration[22] if len(configuration) > 22 else 0, _MOST)):
        if at + 3 > len(configuration):
            return None
        kind, count = configuration[at] & 0x3F, int.from_bytes(configuration[at + 1 : at + 3])
        at += 3
        for _ in range(min(count, _MOST)):
            length = int.from_bytes(configuration[at : at + 2])
            unit = configuration[at + 2 : at + 2 + length]
            at += 2 + length
            if kind == _SEQUENCE:
                return _size(unit.replace(b"\0\0\3", b"\0\0"))
    return None


@dataclass(slots=True)
class _Bits:
    data: bytes
    at: int = 0

    def take(self, count: int) -> int:
        end = self.at + count
        whole = int.from_bytes(self.data[self.at // 8 : (end + 7) // 8])
        self.at = end
        return (whole >> (-end % 8)) & ((1 << count) - 1)

    def number(self) -> int:
        """Read an Exp-Golomb code (9.2)."""
        zeros = 0
        while zeros < 32 and self.at < len(self.data) * 8 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


def _size(unit: bytes) -> tuple[int, int] | None:
    bits = _Bits(unit, 16 + 4)
    layers = bits.take(3)
    bits.at += 1 + 96
    if layers:
        given = [(bits.take(1), bits.take(1)) for _ in range(layers)]
        bits.at += 2 * (8 - layers) + sum(88 * profile + 8 * level for profile, level in given)
    bits.number()
    chroma = bits.number()
    if chroma == 3:
        bits.at += 1
    width, height = bits.number(), bits.number()
    if bits.take(1):
        across, along = _STEPS.get(chroma, (1, 1))
        left, right, top, bottom = (bits.number() for _ in range(4))
        width, height = width - across * (left + right), height - along * (top + bottom)
    return (width, height) if 0 < width < 65536 and 0 < height < 65536 else None
