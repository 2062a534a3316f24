"""Reads the texts of an Exif block. CIPA DC-008, 4.6.4 and 4.6.5; the XP fields are Microsoft's."""

from typing import Final, Literal

from describer.vision.embedded_text.iim import decoded
from describer.vision.embedded_text.tiff import (
    IMAGE_DESCRIPTION,
    USER_COMMENT,
    XP_COMMENT,
    XP_KEYWORDS,
    XP_TITLE,
    fields,
)

_XP: Final = {"XPTitle": XP_TITLE, "XPComment": XP_COMMENT, "XPKeywords": XP_KEYWORDS}
_BLANK: Final = " \0\t\r\n"


def exif_texts(block: bytes) -> dict[str, str]:
    """Return the non-empty texts by field name. Many programs write UTF-8 where the standard requires ASCII."""
    found = fields(block)
    texts = {"ImageDescription": decoded(found.values.get(IMAGE_DESCRIPTION, b"").partition(b"\0")[0])}
    texts |= {name: found.values.get(number, b"").decode("utf-16-le", "replace") for name, number in _XP.items()}
    texts["UserComment"] = _comment(found.values.get(USER_COMMENT, b""), found.order)
    plain = {name: text.replace("\r\n", "\n").strip(_BLANK) for name, text in texts.items()}
    return {name: text for name, text in plain.items() if text}


def _comment(value: bytes, order: Literal["little", "big"]) -> str:
    """Return the user comment; its first eight bytes name the encoding."""
    code, text = value[:8].rstrip(b"\0 "), value[8:]
    if code == b"UNICODE":
        return _utf16(text, order)
    return decoded(text.partition(b"\0")[0]) if code in {b"ASCII", b""} else ""


def _utf16(text: bytes, order: Literal["little", "big"]) -> str:
    """Decode UTF-16 in the block's byte order, unless a byte order mark or zero bytes show the other order."""
    if text[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return text.decode("utf-16", "replace")
    high, low = text[::2].count(0), text[1::2].count(0)
    order = order if high == low else "big" if high > low else "little"
    return text.decode("utf-16-le" if order == "little" else "utf-16-be", "replace")
