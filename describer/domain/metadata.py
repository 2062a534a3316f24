"""The copy of the record in the picture's blob metadata.

Azure allows 8 KB of names and values together. Names are case-insensitive C# identifiers, values are ASCII, and a write
replaces all pairs, so other programs' pairs are merged in. `%`, `+` and everything except printable ASCII are
percent-encoded as UTF-8, which URL and form decoders read alike. Long texts are cut at a sentence's end here and are
complete in the sidecar. (Microsoft Learn, "Set Blob Metadata".)
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from typing import Final
from urllib.parse import quote, unquote

from describer.domain import dates
from describer.domain.etag import unquoted
from describer.domain.history import DescriptionState
from describer.domain.language import known
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.texts import Origin, Review, Value, digest_of

LIMIT: Final = 8192
"""Bytes of names and values together."""

TEXTS: Final = ("alt_text", "description")
"""The texts that are copied; the sidecar has all texts."""
DECORATIVE: Final = "is_decorative"
"""`true` without an alt text: the picture is decorative."""

RECORD: Final = "description_record"
STATUS: Final = "description_status"
SOURCE: Final = "description_source"
SIDECAR: Final = "description_sidecar"
REVIEW: Final = "description_review"
DEMAND: Final = "description_demand"
"""Why a person must review the texts, if so."""
SHA256: Final = "description_sha256"
LANGUAGE: Final = "description_language"
FINGERPRINT: Final = "description_fingerprint"
AT: Final = "description_at"
DIGESTS: Final = "description_digests"
"""What the app wrote: `alt_text:model:<digest>;description:human:<digest>`. A value with another digest was edited."""
SKIP: Final = "description_skip"
"""Set only by people: `true` excludes the picture from description."""

_PLAIN: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "%+")
"""Characters that are not encoded. A plus sign is, since form decoders read it as a space."""
_LONGEST_TEXT: Final = 3000
_LONGEST_MODEL: Final = 200
_MODEL: Final = "description_model"
_OURS: Final = frozenset(
    {
        *(*TEXTS, DECORATIVE, RECORD, STATUS, SOURCE, SIDECAR, REVIEW, DEMAND, SHA256, LANGUAGE, DIGESTS, AT),
        *(FINGERPRINT, _MODEL),
    }
)
_ESCAPE: Final = re.compile("%[0-9A-Fa-f]{2}")
_ENCODERS: Final = ("", "/", "!'()*", "!#$&'()*+,/:;=?@")
"""Characters that encoders leave: of everything, of paths, JavaScript's encodeURIComponent and encodeURI."""
_ELLIPSIS: Final = "\u2026"
_SENTENCE_END: Final = re.compile(r"[.!?\u2026](?=\s|$)|[\u3002\uff01\uff1f]")


def encode(text: str, plain: str = _PLAIN) -> str:
    """Return `text` as a metadata value: all but the characters of `plain`, and outer spaces, percent-encoded."""
    core = text.strip(" ")
    before, _, after = text.partition(core) if core else (text, "", "")
    return quote(before, safe="") + quote(core, safe=plain) + quote(after, safe="")


def decode(value: str) -> str:
    """Return the text of a metadata value.

    It is percent-decoded only if an encoder would turn the result into the same value: `50%de descuento` was never
    encoded. Other programs' bytes beyond ASCII are read as UTF-8, or else as Latin-1.
    """
    raw = value.encode(errors="surrogateescape")  # the HTTP client's form of bytes that are not UTF-8
    try:
        value = raw.decode()
    except UnicodeDecodeError:
        value = raw.decode("latin-1")
    try:
        text = unquote(value, errors="strict")
    except UnicodeDecodeError:
        return value
    same = _ESCAPE.sub(lambda found: found[0].upper(), value)
    ours = same in {encode(text), encode(text, _PLAIN + "+")}  # earlier versions did not encode plus signs
    return text if ours or any(quote(text, safe=safe) == same for safe in _ENCODERS) else value


def merged(others: Mapping[str, str], record: Record, *, etag: str, sidecar: str) -> dict[str, str] | None:
    """Return all pairs to write, other programs' and ours, or None if that is impossible.

    It is impossible if ours do not fit or fit only without a person's text, or if other programs' pairs are not ASCII
    and therefore could not be written back unchanged.

    Args:
        others: the picture's current metadata.
        record: the record to copy. An equal text that is there already is left exactly as it is.
        etag: the sidecar's ETag, which marks the record as complete.
        sidecar: the sidecar's name; omitted if it does not fit.
    """
    theirs = without_ours(others)
    present = {name: value(others, name) for name in TEXTS}
    texts = {name: copy_of(record, name, present=present[name]) for name in TEXTS}
    texts = {name: found for name, found in texts.items() if not _is_rejected(record, name)}
    by_people = {name: found for name, found in texts.items() if found and _origin(record, name) is Origin.HUMAN}
    pairs = theirs | _marks(record, etag) | {name: found for name, found in by_people.items() if present[name]}
    pairs |= {DIGESTS: _digests(record, texts)}
    if _size(pairs) > LIMIT or not all(map(str.isascii, theirs.values())):
        return None
    for name, found in texts.items():
        pairs |= _fitting(name, found, pairs)
    pairs |= {DIGESTS: _digests(record, {name: pairs.get(name, "") for name in TEXTS})}
    return pairs | _fitting(SIDECAR, encode(sidecar), pairs)


def without_ours(pairs: Mapping[str, str]) -> dict[str, str]:
    """Return other programs' pairs. If the app wrote here, the texts are its own, even if edited since."""
    return {name: found for name, found in pairs.items() if name.lower() not in _OURS}


def copy_of(texts: DescriptionState, name: str, *, present: str = "") -> str:
    """Return the metadata value of the text `name`: `present` if it is equal already, else encoded and cut."""
    text = getattr(texts, name)
    stands = text and decode(present) == text and present.isascii()
    stands = stands and not ("+" in present and _origin(texts, name) is Origin.MODEL)
    return present if stands else encode(cut(text, _LONGEST_TEXT))


def value(metadata: Mapping[str, str], name: str) -> str:
    """Return the raw value of `name`, ignoring case, or an empty string."""
    return next((found for key, found in metadata.items() if key.lower() == name), "")


def about_bytes(pairs: Mapping[str, str], *, old: str, new: str) -> dict[str, str]:
    """Return the pairs with our SHA-256 `old` replaced by `new`, so that they count as about the new bytes."""
    return {name: new if name.lower() == SHA256 and found == old else found for name, found in pairs.items()}


@dataclass(frozen=True, slots=True)
class Copy:
    """The app's content of a picture's metadata.

    Args:
        values: the texts, `is_decorative` and `description_review`, if present.
        written: each one's author and digest when the app wrote it.
        marked: whether the app ever wrote here.
        language: of the texts; empty if the app never wrote it.
        sha256: digest of the bytes that they describe, if the app had read them.
        record: the sidecar's ETag, without quotes.
        demand: the open reason for a review.
        at: when the record was made; edits of the sidecar do not change it.
    """

    values: Mapping[str, Value]
    written: Mapping[str, tuple[str, str]]
    marked: bool
    language: str
    sha256: str | None
    record: str
    demand: Demand | None = None
    at: str = ""


def read(metadata: Mapping[str, str]) -> Copy:
    pairs = {name.lower(): decode(found) for name, found in metadata.items() if name.lower() in _OURS}
    values: dict[str, Value] = {name: pairs[name].strip() and pairs[name] for name in TEXTS if name in pairs}
    if DECORATIVE in pairs:
        values[DECORATIVE] = pairs[DECORATIVE].strip().lower() == "true"
    if REVIEW in pairs:
        values[REVIEW] = pairs[REVIEW].strip().lower()
    entries = (entry.split(":") for entry in pairs.get(DIGESTS, "").split(";"))
    return Copy(
        values=values,
        written={entry[0]: (entry[1], entry[2]) for entry in entries if len(entry) == 3},
        marked=bool(pairs.get(STATUS)),
        language=known(pairs.get(LANGUAGE, "")),
        sha256=pairs.get(SHA256) or None,
        record=pairs.get(RECORD, ""),
        at=pairs.get(AT, ""),
        demand=next((demand for demand in Demand if demand == pairs.get(DEMAND)), None),
    )


def cut(text: str, longest: int) -> str:
    """Return `text` in at most `longest` encoded bytes, cut at a sentence's end or at a word with an ellipsis."""
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
    """Return the encoded length of the text up to each position, if a non-space follows there."""
    blanks = len(text) - len(text.lstrip(" "))
    each = (1 if letter in _PLAIN else 3 * len(letter.encode()) for letter in text[blanks:])
    return [*accumulate(chain(repeat(3, blanks), each), initial=0)]


def _most(widths: Sequence[int], longest: int) -> int:
    """Return how many characters fit."""
    return max(0, bisect_right(widths, longest) - 1)


def _marks(record: Record, etag: str) -> dict[str, str]:
    marks = {
        STATUS: record.status,
        REVIEW: record.review,
        DEMAND: record.demand or "",
        SOURCE: record.origin("alt_text") or "",
        LANGUAGE: record.language,
        _MODEL: cut(record.model or "", _LONGEST_MODEL),
        FINGERPRINT: record.fingerprint,
        SHA256: record.source.sha256 or "",
        AT: dates.written(record.at),
        RECORD: unquoted(etag),
        DECORATIVE: "true" if _is_decorative(record) else "",
    }
    return {name: encode(mark) for name, mark in marks.items() if mark}


def _digests(record: Record, texts: Mapping[str, str]) -> str:
    values: dict[str, Value] = {name: decode(found) for name, found in texts.items() if found}
    values |= {DECORATIVE: True} if _is_decorative(record) else {}
    entries = [f"{name}:{_origin(record, name)}:{digest_of(found)}" for name, found in values.items()]
    return ";".join([*entries, f"{REVIEW}:{Origin.MODEL}:{digest_of(str(record.review))}"])


def _origin(record: DescriptionState, name: str) -> Origin:
    origin = record.origin(name) or Origin.MODEL
    return Origin(origin) if origin in set(Origin) else Origin.HUMAN


def _is_rejected(record: Record, name: str) -> bool:
    entry = record.provenance.get(name)
    return entry is not None and entry.review == Review.REJECTED


def _is_decorative(record: Record) -> bool:
    return record.is_decorative and not _is_rejected(record, "alt_text")


def _fitting(name: str, encoded: str, pairs: Mapping[str, str]) -> dict[str, str]:
    pair = {name: encoded} if encoded else {}
    return pair if _size(pairs) + _size(pair) <= LIMIT else {}


def _size(pairs: Mapping[str, str]) -> int:
    return sum(len(name) + len(found) for name, found in pairs.items())
