"""Models are known by their names, with what they cost and how they are asked."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from describer.domain.record import Sent, Usage
from describer.pipeline.outcome_event import OutcomeEvent
from describer.vision import families, pricing
from tests.unit.conftest import BRIEF, CAT, Harness

FAMILIES = sorted(families._families())
USAGE = Usage(prompt_tokens=3000, completion_tokens=200, calls=2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt-5.6-luna", "gpt-5.6-luna"),
        ("gpt-5.6-luna-2026-07-09", "gpt-5.6-luna"),
        ("GPT-5.6-Luna-eu", "gpt-5.6-luna"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("gpt-4o-2024-11-20", "gpt-4o"),
        ("gpt-5.3", None),
        ("gpt-4ox", None),
        ("llava:13b", None),
        ("my-deployment", None),
        ("", None),
    ],
)
def test_a_family_is_found_by_its_longest_prefix(name: str, expected: str | None) -> None:
    found = families.family(name)
    assert (found.name if found else None) == expected


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        (
            "gpt-6-luna",
            families.Request(
                "max_completion_tokens",
                temperature=False,
                effort="none",
                extra={"prompt_cache_options": {"mode": "explicit"}},
            ),
        ),
        ("gpt-5.4", families.Request("max_completion_tokens", temperature=False, effort="none")),
        ("gpt-5-nano", families.Request("max_completion_tokens", temperature=False, effort="minimal")),
        ("o4-mini", families.Request("max_completion_tokens", temperature=False, effort="low")),
        ("gpt-4o", families.Request("max_completion_tokens", temperature=True)),
        ("generic", families.Request("max_tokens", temperature=True)),
    ],
)
def test_each_family_is_asked_with_the_parameters_that_it_takes(name: str, request_: families.Request) -> None:
    found = families.family(name)
    assert found is not None
    assert found.request == request_


def test_an_unknown_model_has_no_price_and_no_rule() -> None:
    generic = families.generic()
    assert (generic.price, generic.image) == (None, None)


def test_what_is_assumed_is_said() -> None:
    luna = families.family("gpt-6-luna")
    assert luna is not None
    assert "GPT-5.6" in luna.assumed


def test_the_table_bears_its_date() -> None:
    assert families.checked() >= date(2026, 11, 22)


def test_every_row_of_the_table_is_sound() -> None:
    for name in families._families():
        found = families.family(name)
        assert found is not None
        assert found.name == name
        if found.price is not None:
            assert Decimal(0) < found.price.input < found.price.output
        if isinstance(found.image, families.Patches):
            assert {"low", "high", "auto"} <= found.image.details.keys()
            assert found.image.multiplier >= 1
            assert all(0 < sizing.patches <= 30_000 for sizing in found.image.details.values())


@pytest.mark.parametrize(
    ("name", "prompt", "completion", "usd"),
    [
        ("gpt-5.6-luna", 1072, 90, "0.0003224"),
        ("gpt-6-luna", 1_000_000, 1_000_000, "0.60"),
        ("gpt-4o", 0, 0, "0"),
    ],
)
def test_a_price_is_exact(name: str, prompt: int, completion: int, usd: str) -> None:
    found = families.family(name)
    assert found is not None
    assert pricing.price(found, Usage(prompt_tokens=prompt, completion_tokens=completion)) == Decimal(usd)


@pytest.mark.parametrize(
    ("name", "usage", "usd"),
    [
        pytest.param("gpt-5.6-luna", {"cached_tokens": 1000}, "0.00034", id="read from the cache"),
        pytest.param("gpt-5.6-luna", {"cache_write_tokens": 2000}, "0.00062", id="kept at a price"),
        pytest.param(
            "gpt-5.4-nano", {"cached_tokens": 1000, "cache_write_tokens": 1000}, "0.000345", id="kept for free"
        ),
        pytest.param(
            "gpt-5.6-luna", {"cached_tokens": 9000, "cache_write_tokens": 9000}, "0.00016", id="more than all"
        ),
        pytest.param("gpt-5.6-luna", {"reasoning_tokens": 90}, "0.00052", id="thinking is part of the answer"),
    ],
)
def test_the_cache_has_prices_of_its_own(name: str, usage: dict[str, int], usd: str) -> None:
    used = Usage(prompt_tokens=2000, completion_tokens=100).model_copy(update=usage)
    assert pricing.price(families._families()[name], used) == pytest.approx(Decimal(usd))


def test_cached_input_is_never_dearer_and_kept_input_never_cheaper() -> None:
    for family in families._families().values():
        if family.price is not None:
            assert (family.price.cached or family.price.input) <= family.price.input
            assert (family.price.cache_write or family.price.input) >= family.price.input


def test_no_price_is_not_free() -> None:
    assert pricing.price(families.generic(), USAGE) is None


def _sent(tokens: int | None, unshrunk: int | None) -> Sent:
    return Sent(width=768, height=768, size=1, detail="high", image_tokens=tokens, image_tokens_unshrunk=unshrunk)


@pytest.mark.parametrize("name", FAMILIES)
async def test_each_family_with_a_price_has_a_cost_in_sidecar_and_event(harness: Harness, name: str) -> None:
    family = families._families()[name]
    image_describer = replace(harness.pipeline.image_describer, families=lambda _: family)
    await replace(harness.pipeline, image_describer=image_describer).describe(CAT, replace(BRIEF, model=name))
    stored = harness.records.stored[CAT]
    paid = pricing.price(family, stored.record.usage)
    assert (stored.record.cost is not None) is (family.price is not None)
    if stored.record.cost:
        assert stored.record.cost.usd == pytest.approx(float(paid or 0)) and paid
        assert stored.record.cost.priced_as == name
    assert OutcomeEvent.of(stored, "/x").data.usd == (stored.record.cost and stored.record.cost.usd)


@pytest.mark.parametrize("sent", [_sent(None, None), _sent(900, None), _sent(None, 9000)])
def test_without_a_full_size_only_what_was_paid_is_known(sent: Sent) -> None:
    luna = families._families()["gpt-5.6-luna"]
    found = pricing.cost(luna, USAGE, sent)
    assert found is not None
    assert found.usd == pytest.approx((3000 * 0.20 + 200 * 1.20) / 1e6)
    assert found.usd_unshrunk is None


def test_full_size_is_counted_for_each_call() -> None:
    luna = families._families()["gpt-5.6-luna"]
    found = pricing.cost(luna, USAGE, _sent(900, 9900))
    assert found is not None
    assert found.usd_unshrunk == pytest.approx((21000 * 0.20 + 200 * 1.20) / 1e6)
