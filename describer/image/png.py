"""What Pillow tells of a PNG only after decoding it: the EXIF block that may follow the pixels."""

from typing import Final

_SIGNATURE: Final = 8
_AROUND: Final = 12  # length, type and CRC of a chunk


def exif(data: bytes) -> bytes:
    """The content of the chunk `eXIf`, wherever it stands, or nothing. Chunks: PNG, third edition, 5.3."""
    at = _SIGNATURE
    while kind := data[at + 4 : at + 8]:
        length = int.from_bytes(data[at : at + 4])
        if kind == b"eXIf":
            return data[at + 8 : at + 8 + length]
        at += _AROUND + length
    return b""
