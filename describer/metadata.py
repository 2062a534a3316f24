"""The record's copy in the picture's blob metadata.

Azure allows 8 KB of names and values together; names are C# identifiers without regard to case; values are ASCII; and
one write replaces every pair, so other people's pairs are merged in. `%` and everything that is not printable ASCII is
percent-encoded as UTF-8: any URL decoder reads the values back. Long texts are cut at a sentence here and are whole in
the sidecar. (Microsoft Learn, "Set Blob Metadata".)
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, repeat
from typing import Final
from urllib.parse import quote, unquote

from describer.record import Earlier, Origin, Record

LIMIT: Final = 8192
"""Bytes of names and values together."""

TEXTS: Final = ("alt_text", "description")
"""The texts that are copied; the others are in the sidecar only."""

RECORD: Final = "description_record"
STATUS: Final = "description_status"
SOURCE: Final = "description_source"
SIDECAR: Final = "description_sidecar"
SKIP: Final = "description_skip"
"""A person's word, never written by us: `true` keeps the picture from the model."""

_PLAIN: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_LONGEST_TEXT: Final = 3000
_LONGEST_MODEL: Final = 200
_OURS: Final = frozenset(
    [*TEXTS, RECORD, STATUS, SOURCE, SIDECAR]
    + [f"description_{name}" for name in (["review", "language", "model", "fingerprint", "sha256", "at"])]
)
_ELLIPSIS: Final = "\u2026"
_SENTENCE_END: Final = re.compile(r"[.!?\u2026](?=\s|$)|[\u3002\uff01\uff1f]")


def encode(text: str) -> str:
    """`text` as a metadata value: printable ASCII as it is, all else (and blanks at either end) percent-encoded."""
    core = text.strip(" ")
    before, _, after = text.partition(core) if core else (text, "", "")
    return quote(before, safe="") + quote(core, safe=_PLAIN) + quote(after, safe="")


def decode(value: str) -> str:
    """The text of a metadata value; what others left there in bytes beyond ASCII is read as UTF-8, or else Latin-1."""
    raw = value.encode(errors="surrogateescape")  # as the HTTP client leaves bytes that are no UTF-8
    try:
        return unquote(raw.decode())
    except UnicodeDecodeError:
        return unquote(raw.decode("latin-1"))


def merged(others: Mapping[str, str], record: Record, *, etag: str, sidecar: str) -> dict[str, str] | None:
    """All pairs to write: other people's as they are, ours beside them; None where that cannot be.

    It cannot where ours do not fit any more, or not without dropping a person's text, and where other people's are not
    ASCII: they could not be written back as they are.

    Args:
        others: the picture's metadata now.
        record: what is copied. A text that stands there already stays as it is, to the letter.
        etag: the sidecar's ETag; naming it marks the record as complete.
        sidecar: the sidecar's name; left out where it is too long to fit.
    """
    theirs = {name: found for name, found in others.items() if name.lower() not in _OURS}
    present = {name: value(others, name) for name in TEXTS}
    texts = {name: copy_of(record, name, present=present[name]) for name in TEXTS}
    by_people = {name: texts[name] for name in TEXTS if present[name] and record.origin(name) is Origin.HUMAN}
    pairs = theirs | _marks(record, etag) | by_people
    if _size(pairs) > LIMIT or not all(map(str.isascii, theirs.values())):
        return None
    for name in (name for name in TEXTS if name not in by_people):
        pairs |= _fitting(name, texts[name], pairs)
    return pairs | _fitting(SIDECAR, encode(sidecar), pairs)


def copy_of(record: Record | Earlier, name: str, *, present: str = "") -> str:
    """The value of the text `name` in the metadata: `present` where it says the same already, else encoded and cut."""
    text = getattr(record, name)
    stands = text and decode(present) == text and present.isascii()
    return present if stands else encode(cut(text, _LONGEST_TEXT))


def value(metadata: Mapping[str, str], name: str) -> str:
    """The raw value of `name` whatever its case, or an empty string."""
    return next((found for key, found in metadata.items() if key.lower() == name), "")


def cut(text: str, longest: int) -> str:
    """`text` in at most `longest` encoded bytes: whole, or up to a sentence's end, or up to a word with an ellipsis."""
    if len(encode(text)) <= longest:
        return text
    widths = _widths(text)
    whole = _most(widths, longest)
    if end := max((found.end() for found in _SENTENCE_END.finditer(text) if found.end() <= whole), default=0):
        return text[:end]
    kept = text[: _most(widths, longest - len(encode(_ELLIPSIS)))]
    head, blank, _ = kept.rpartition(" ")
    return (head if blank else kept) + _ELLIPSIS if kept else ""


def _widths(text: str) -> list[int]:
    """Bytes of the encoded text up to each place in it, if something follows there that is not a blank."""
    blanks = len(text) - len(text.lstrip(" "))
    each = (1 if letter in _PLAIN else 3 * len(letter.encode()) for letter in text[blanks:])
    return [*accumulate(chain(repeat(3, blanks), each), initial=0)]


def _most(widths: Sequence[int], longest: int) -> int:
    """How many letters fit."""
    return max(0, bisect_right(widths, longest) - 1)


def _marks(record: Record, etag: str) -> dict[str, str]:
    marks = {
        STATUS: record.status,
        "description_review": record.review,
        SOURCE: record.origin("alt_text") or "",
        "description_language": record.language,
        "description_model": cut(record.model or "", _LONGEST_MODEL),
        "description_fingerprint": record.fingerprint,
        "description_sha256": record.source.sha256 or "",
        "description_at": record.at.isoformat(timespec="seconds"),
        RECORD: etag.strip('"'),
    }
    return {name: encode(mark) for name, mark in marks.items() if mark}


def _fitting(name: str, encoded: str, pairs: Mapping[str, str]) -> dict[str, str]:
    pair = {name: encoded} if encoded else {}
    return pair if _size(pairs) + _size(pair) <= LIMIT else {}


def _size(pairs: Mapping[str, str]) -> int:
    return sum(len(name) + len(found) for name, found in pairs.items())
