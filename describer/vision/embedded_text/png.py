"""Reads a PNG's text chunks, wherever they are. PNG, third edition, 11.3.3; ImageMagick's `Raw profile type`."""

from collections.abc import Iterator
from typing import Final

from describer.vision.embedded_text.blocks import CHUNKS, MOST, Blocks, iim_of, inflated

_XMP: Final = "XML:com.adobe.xmp"
_RAW: Final = "Raw profile type "
_TEXTS: Final = frozenset({"Title", "Description"})
_TEXT_CHUNKS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})


def of_png(data: bytes) -> Blocks:
    """Return the blocks of all text chunks and of eXIf."""
    found, exif = dict[str, tuple[bytes, bool]](), b""
    for kind, body in _chunks(data):
        if kind == b"eXIf":
            exif = exif or body
        else:
            keyword, text = _text(kind, body)
            found.setdefault(keyword, (text, kind == b"iTXt"))
    raw = {name.removeprefix(_RAW): _unhexed(text) for name, (text, _) in found.items() if name.startswith(_RAW)}
    iim, digest = iim_of(raw.get("8bim") or raw.get("iptc") or b"")
    return Blocks(
        xmp=tuple(packet for packet in (found.get(_XMP, (b"", False))[0], raw.get("xmp")) if packet),
        iim=iim or raw.get("iptc", b""),
        iim_digest=digest,
        exif=exif or raw.get("exif", b"").removeprefix(b"Exif\0\0"),
        png={
            name: text.decode("utf-8" if is_utf8 else "latin-1", "replace")
            for name, (text, is_utf8) in found.items()
            if name in _TEXTS
        },
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    for _ in range(CHUNKS):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if len(kind) < 4:
            return
        if kind in _TEXT_CHUNKS or kind == b"eXIf":
            yield kind, data[at + 8 : at + 8 + size]
        at += 12 + size


def _text(kind: bytes, body: bytes) -> tuple[str, bytes]:
    """Return the keyword and its decompressed text."""
    keyword, _, rest = body.partition(b"\0")
    if kind == b"zTXt":
        rest = inflated(rest[1:])
    elif kind == b"iTXt":
        packed, after = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
        rest = after[-1] if len(after) == 3 else b""
        rest = inflated(rest) if packed else rest
    return keyword.decode("latin-1"), rest[:MOST]


def _unhexed(text: bytes) -> bytes:
    """Decode a raw profile: a line with its name, a line with its length, then lines of hexadecimal digits."""
    parts = text.split(None, 2)
    try:
        return bytes.fromhex(parts[2].decode("ascii")) if len(parts) == 3 else b""
    except ValueError:
        return b""
