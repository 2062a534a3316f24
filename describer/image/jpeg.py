"""What Pillow does not tell of a JPEG: whether its decoder must hold the picture whole."""

from typing import Final

_START_OF_SCAN: Final = 0xDA
_SEQUENTIAL_FRAMES: Final = {0xC0, 0xC1}
_OTHER_FRAMES: Final = {0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


def in_one_scan(data: bytes) -> bool:
    """Whether all components come together in one sequential scan, so that rows are decoded and shrunk as they come.

    Progressive files, and those with a scan for each component, are kept as coefficients of the whole picture first:
    up to 8 bytes per pixel. False as well where the headers make no sense. Markers: ITU-T T.81, annex B.
    """
    components, at = 0, 2
    while data[at : at + 1] == b"\xff":
        marker = data[at + 1 : at + 2]
        if marker == b"\xff":  # a fill byte
            at += 1
            continue
        kind, length = int.from_bytes(marker), int.from_bytes(data[at + 2 : at + 4])
        if kind == _START_OF_SCAN:
            return data[at + 4 : at + 5] == bytes([components])
        if kind in _OTHER_FRAMES:
            return False
        if kind in _SEQUENTIAL_FRAMES:
            components = int.from_bytes(data[at + 9 : at + 10])
        at += 2 + length
    return False
