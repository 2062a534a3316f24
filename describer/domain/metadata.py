"""The record's copy in the picture's blob metadata.

Azure allows 8 KB of names and values together; names are C# identifiers without regard to case; values are ASCII; and
one write replaces every pair, so other people's pairs are merged in. `%`, `+` and everything that is not printable
ASCII are percent-encoded as UTF-8: decoders of URLs and of forms read the same. Long texts are cut at a sentence here
and are whole in the sidecar. (Microsoft Learn, "Set Blob Metadata".)
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from typing import Final
from urllib.parse import quote, unquote

from describer.domain import dates
from describer.domain.history import DescriptionState
from describer.domain.language import known
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.texts import Origin, Review, Value, digest_of

LIMIT: Final = 8192
"""Bytes of names and values together."""

TEXTS: Final = ("alt_text", "description")
"""The texts that are copied; the others are in the sidecar only."""
DECORATIVE: Final = "is_decorative"
"""`true` beside no alt text: an empty one is right."""

RECORD: Final = "description_record"
STATUS: Final = "description_status"
SOURCE: Final = "description_source"
SIDECAR: Final = "description_sidecar"
REVIEW: Final = "description_review"
DEMAND: Final = "description_demand"
"""Why a person has to look, where one has to."""
SHA256: Final = "description_sha256"
LANGUAGE: Final = "description_language"
FINGERPRINT: Final = "description_fingerprint"
AT: Final = "description_at"
DIGESTS: Final = "description_digests"
"""What the app wrote: `alt_text:model:<digest>;description:human:<digest>`. A value that differs was edited since."""
SKIP: Final = "description_skip"
"""A person's word, never written by us: `true` keeps the picture from the model."""

_PLAIN: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "%+")
"""What is left as it is. A plus sign is not: decoders of forms take it for a blank."""
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
"""What is left as it is by encoders of everything, of paths, and by JavaScript's encodeURIComponent and encodeURI."""
_ELLIPSIS: Final = "\u2026"
_SENTENCE_END: Final = re.compile(r"[.!?\u2026](?=\s|$)|[\u3002\uff01\uff1f]")


def encode(text: str, plain: str = _PLAIN) -> str:
    """`text` as a metadata value: what is `plain` as it is, all else (and blanks at either end) percent-encoded."""
    core = text.strip(" ")
    before, _, after = text.partition(core) if core else (text, "", "")
    return quote(before, safe="") + quote(core, safe=plain) + quote(after, safe="")


def decode(value: str) -> str:
    """Return the text of a metadata value.

    It is percent-decoded only if an encoder would make the very same value of the result: `50%de descuento` was never
    encoded. What others left there in bytes beyond ASCII is read as UTF-8, or else as Latin-1.
    """
    raw = value.encode(errors="surrogateescape")  # as the HTTP client leaves bytes that are no UTF-8
    try:
        value = raw.decode()
    except UnicodeDecodeError:
        value = raw.decode("latin-1")
    try:
        text = unquote(value, errors="strict")
    except UnicodeDecodeError:
        return value
    same = _ESCAPE.sub(lambda found: found[0].upper(), value)
    ours = same in {encode(text), encode(text, _PLAIN + "+")}  # as now, and as earlier versions left plus signs
    return text if ours or any(quote(text, safe=safe) == same for safe in _ENCODERS) else value


def merged(others: Mapping[str, str], record: Record, *, etag: str, sidecar: str) -> dict[str, str] | None:
    """Return all pairs to write: other people's as they are, ours beside them; None if that cannot be.

    It cannot where ours do not fit any more, or not without dropping a person's text, and where other people's are not
    ASCII: they could not be written back as they are.

    Args:
        others: the picture's metadata now.
        record: what is copied. A text that stands there already stays as it is, to the letter.
        etag: the sidecar's ETag; naming it marks the record as complete.
        sidecar: the sidecar's name; left out where it is too long to fit.
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
    """Other people's pairs only. Where the app wrote, the texts are its own, whoever wrote in them since."""
    return {name: found for name, found in pairs.items() if name.lower() not in _OURS}


def copy_of(texts: DescriptionState, name: str, *, present: str = "") -> str:
    """The value of the text `name` in the metadata: `present` where it says the same already, else encoded and cut."""
    text = getattr(texts, name)
    stands = text and decode(present) == text and present.isascii()
    stands = stands and not ("+" in present and _origin(texts, name) is Origin.MODEL)
    return present if stands else encode(cut(text, _LONGEST_TEXT))


def value(metadata: Mapping[str, str], name: str) -> str:
    """Return the raw value of `name` whatever its case, or an empty string."""
    return next((found for key, found in metadata.items() if key.lower() == name), "")


def about_bytes(pairs: Mapping[str, str], *, old: str, new: str) -> dict[str, str]:
    """Return the same pairs, where ours are about the bytes `old` (their SHA-256): as if they were about `new`."""
    return {name: new if name.lower() == SHA256 and found == old else found for name, found in pairs.items()}


@dataclass(frozen=True, slots=True)
class Copy:
    """What a picture's metadata says of it.

    Args:
        values: the texts, `is_decorative` and `description_review`, as far as they are there.
        written: who wrote each of them and its digest, as the app wrote it.
        marked: whether the app ever wrote here.
        language: of the texts; empty if the app never wrote it.
        sha256: of the bytes that they are about, if the app had read them.
        record: the sidecar's ETag, without quotes.
        demand: what awaited a person.
        at: when the record was made, which nobody's edit of the sidecar changes.
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
    """Return what the metadata says."""
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
    """Return bytes of the encoded text up to each place in it, if something follows there that is not a blank."""
    blanks = len(text) - len(text.lstrip(" "))
    each = (1 if letter in _PLAIN else 3 * len(letter.encode()) for letter in text[blanks:])
    return [*accumulate(chain(repeat(3, blanks), each), initial=0)]


def _most(widths: Sequence[int], longest: int) -> int:
    """Return how many letters fit."""
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
        RECORD: etag.strip('"'),
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
