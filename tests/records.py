"""Random records, as the app may write them."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from describer.domain.description import ImageKind
from describer.domain.record import Record, Usage
from describer.domain.review import Demand
from describer.domain.status import Status
from describer.domain.texts import Origin, Review

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_tags = st.sampled_from(["en", "de", "pt-BR", "zh-Hans", "fa"])
_digests = st.text("0123456789abcdef", min_size=12, max_size=12)
_sizes = st.integers(0, 2**42)
_money = st.floats(0, 100, allow_nan=False)


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


_three = st.fixed_dictionaries({"alt_text": _texts, "description": _texts, "extended_description": _texts})
_provenance = st.fixed_dictionaries(
    {
        "origin": st.sampled_from([*Origin]) | _texts,
        "model": _maybe(_texts),
        "digital_source_type": _maybe(_texts),
        "digest": _maybe(_digests),
        "review": _maybe(st.sampled_from([Review.APPROVED, Review.REJECTED])),
    }
)
_source = st.fixed_dictionaries(
    {
        "container": st.just("images"),
        "name": st.text("abc/ äß%+#", min_size=1, max_size=20),
        "etag": st.just('"0x8D"'),
        "size": _sizes,
        "sha256": _maybe(st.just("0" * 64)),
        "format": _maybe(st.sampled_from(["JPEG", "PNG"])),
        "width": _maybe(_sizes),
        "height": _maybe(_sizes),
    }
)
_outcome = st.fixed_dictionaries({"status": st.sampled_from([*Status]), "reason": _texts})
_request = st.fixed_dictionaries(
    {"languages": _maybe(st.lists(_tags, max_size=3)), "context": _maybe(_texts), "max_chars": _maybe(st.integers(20))}
)
_answered = st.fixed_dictionaries({"languages": st.lists(_tags, max_size=3), "fingerprint": _digests})
_state: dict[str, st.SearchStrategy[Any]] = {
    "language": _tags,
    "alt_text": _texts,
    "description": _texts,
    "extended_description": _texts,
    "visible_text": _texts,
    "tags": st.lists(_texts, max_size=3),
    "image_kind": _maybe(st.sampled_from([*ImageKind]) | _texts),
    "is_decorative": st.booleans(),
    "translations": st.dictionaries(_tags, _three, max_size=2),
    "provenance": st.dictionaries(st.sampled_from(["alt_text", "de/alt_text", "tags"]), _provenance, max_size=3),
    "status": st.sampled_from([*Status]),
    "reason": _texts,
    "flags": st.lists(_texts, max_size=2),
    "review": st.sampled_from([*Review]),
    "demand": _maybe(st.sampled_from([*Demand])),
    "outcome": _maybe(_outcome),
    "reader": _texts,
    "model": _maybe(_texts),
    "request": _maybe(_request),
    "fingerprint": _digests,
    "answers": st.lists(_answered, max_size=2),
    "missing": st.dictionaries(_tags, _outcome, max_size=2),
    "at": st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    "source": _source,
}
_sent = st.fixed_dictionaries(
    {"width": _sizes, "height": _sizes, "size": _sizes, "detail": _texts, "image_tokens": _maybe(_sizes)}
)
_usage = st.fixed_dictionaries(dict.fromkeys(Usage.model_fields, _sizes))
_cost = st.fixed_dictionaries(
    {"priced_as": _texts, "usd": _money, "usd_expected": _maybe(_money), "usd_unshrunk": _maybe(_money)}
)
records: st.SearchStrategy[Record] = st.fixed_dictionaries(
    _state
    | {
        "sent": _maybe(_sent),
        "usage": _usage,
        "cost": _maybe(_cost),
        "edited": st.booleans(),
        "history": st.lists(st.fixed_dictionaries(_state | {"record": _maybe(_texts)}), max_size=2),
        "a_field_of_a_later_version": _texts,
    }
).map(Record.model_validate)
