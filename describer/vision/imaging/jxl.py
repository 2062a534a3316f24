"""The size of a JPEG XL picture, which its plugin tells only after decoding all of it. ISO 18181-1, annex D."""

from collections.abc import Callable
from typing import Final

from describer.domain.errors import Corrupt
from describer.vision.imaging.boxes import boxes

_RATIOS: Final = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_WIDTHS: Final = (9, 13, 18, 30)


def size(data: bytes) -> tuple[int, int]:
    """Width and height as stored. Raises Corrupt."""
    start = _codestream(data)
    if start is None:
        raise Corrupt("The JPEGXL data is damaged. Use an undamaged copy.")
    bits = int.from_bytes(data[start + 2 : start + 18], "little")

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & ((1 << count) - 1), bits >> count
        return value

    small = take(1)
    height = _side(take, small=small)
    ratio = take(3)
    if ratio:
        across, along = _RATIOS[ratio]
        return height * across // along, height
    return _side(take, small=small), height


def _side(take: Callable[[int], int], *, small: int) -> int:
    return 8 * (take(5) + 1) if small else take(_WIDTHS[take(2)]) + 1


def _codestream(data: bytes) -> int | None:
    if data.startswith(b"\xff\x0a"):
        return 0
    for box in boxes(data, 0, len(data)):
        start = box.start + (4 if box.kind == b"jxlp" else 0)
        if box.kind in {b"jxlc", b"jxlp"} and data[start : start + 2] == b"\xff\x0a":
            return start
    return None
