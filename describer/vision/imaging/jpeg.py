"""Reads JPEG header facts that Pillow does not provide and removes segments that it should not get. ITU-T T.81, B."""

import re
from dataclasses import dataclass
from io import BufferedReader
from typing import Final, Literal

from describer.vision.imaging.pieces import joined

_START_OF_SCAN, _END = 0xDA, 0xD9
_SEQUENTIAL: Final = {0xC0, 0xC1}
_OTHER_FRAMES: Final = {0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_LOSSLESS: Final = {0xC3, 0xC7, 0xCB, 0xCF}
_APPLICATIONS: Final = range(0xE0, 0xF0)
_COMMENT: Final = 0xFE
_KEPT: Final = {
    0xE0: (re.compile(rb"JFIF\0"), 14),
    0xE1: (re.compile(rb"Exif\0|http://ns\.adobe\.com/xap/1\.0/\0"), 8),
    0xE2: (re.compile(rb"ICC_PROFILE\0"), 16),
    0xEE: (re.compile(rb"Adobe"), 12),
}
"""Application segments that affect how the picture is shown: their first bytes and minimum length."""
_NEXT: Final = re.compile(rb"\xff+([^\xff])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A JPEG's header.

    Args:
        head: the segments before the first scan that a decoder needs, without comments, thumbnails and programs' data.
        scans: the rest of the file.
        frame: the kind of frame, such as 0xC0; 0 if there is none.
        precision: bits per sample.
        width, height: as stored.
        one_scan: whether one sequential scan has all components, so that rows can be decoded and shrunk one by one. Of
            other files (progressive, or a scan per component) the coefficients of the whole picture are held first.
        full_chroma: whether all components have the same resolution.
        samples: samples per pixel of all components: 1.5 in 4:2:0, 3 in 4:4:4, 4 in CMYK.
        further: number of additional pictures in the file, by its index (MPO).
    """

    head: bytes
    scans: memoryview
    frame: int = 0
    precision: int = 8
    width: int = 0
    height: int = 0
    one_scan: bool = False
    full_chroma: bool = False
    samples: float = 3.0
    further: int = 0

    @property
    def is_lossless(self) -> bool:
        """Whether it is coded by prediction, which common decoders do not support."""
        return self.frame in _LOSSLESS

    def plain(self, end: bytes = b"") -> BufferedReader:
        """Return the data for a decoder as a file, with `end` appended."""
        return joined(self.head, self.scans, end)


def read(data: bytes) -> Jpeg:
    """Read the header up to the first scan. Segments with an invalid length are left out."""
    kept = [b"\xff\xd8"]
    facts: dict[str, float | bool] = {}
    components, at = 0, 2
    while found := _NEXT.match(data, at):
        kind, start = found[1][0], found.end()
        length = int.from_bytes(data[start : start + 2])
        body = data[start + 2 : start + length]
        if kind in {_START_OF_SCAN, _END} or length < 2:
            facts["one_scan"] = (
                kind == _START_OF_SCAN
                and data[start + 2 : start + 3] == bytes([components])
                and bool(facts.get("one_scan"))
            )
            at = found.start()
            break
        if kind in _SEQUENTIAL or kind in _OTHER_FRAMES:
            components = body[5] if len(body) > 5 else 0
            facts |= _frame(kind, body)
        if kind == 0xE2 and body.startswith(b"MPF\0"):
            facts["further"] = _further(body)
        if _is_needed(kind, body):
            kept.append(b"\xff" + data[found.end() - 1 : start + length])
        at = start + length
    else:
        facts["one_scan"] = False
    return Jpeg(b"".join(kept), memoryview(data)[at:], **facts)  # type: ignore[arg-type]


def _is_needed(kind: int, body: bytes) -> bool:
    if kind in _KEPT:
        begins, least = _KEPT[kind]
        return begins.match(body) is not None and len(body) >= least
    return kind != _COMMENT and kind not in _APPLICATIONS


def _frame(kind: int, body: bytes) -> dict[str, float | bool]:
    factors = [(body[at] >> 4, body[at] & 15) for at in range(7, len(body), 3)]
    largest = max((across for across, _ in factors), default=0) * max((along for _, along in factors), default=0)
    return {
        "frame": kind,
        "precision": body[0] if body else 0,
        "height": int.from_bytes(body[1:3]),
        "width": int.from_bytes(body[3:5]),
        "one_scan": kind in _SEQUENTIAL,
        "full_chroma": len(set(factors)) == 1 and len(factors) > 1,
        "samples": sum(across * along for across, along in factors) / largest if largest else 4.0,
    }


def _further(body: bytes) -> int:
    """Return the number of pictures in the index, less this one. CIPA DC-007: tag 0xB001 holds the number."""
    order: Literal["little", "big"] = "little" if body[4:6] == b"II" else "big"
    at = body.find((0xB001).to_bytes(2, order))
    return max(0, int.from_bytes(body[at + 8 : at + 12], order) - 1) if 0 < at < 200 else 0
