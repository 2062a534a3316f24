"""Models are known by their names, with what they cost and how they are asked."""

from datetime import date
from decimal import Decimal

import pytest

from describer import cost, models


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
    found = models.family(name)
    assert (found.name if found else None) == expected


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("gpt-6-luna", models.Request("max_completion_tokens", temperature=False, effort="none")),
        ("gpt-5-nano", models.Request("max_completion_tokens", temperature=False, effort="minimal")),
        ("o4-mini", models.Request("max_completion_tokens", temperature=False, effort="low")),
        ("gpt-4o", models.Request("max_completion_tokens", temperature=True)),
        ("generic", models.Request("max_tokens", temperature=True)),
    ],
)
def test_each_family_is_asked_with_the_parameters_that_it_takes(name: str, request_: models.Request) -> None:
    found = models.family(name)
    assert found is not None
    assert found.request == request_


def test_an_unknown_model_has_no_price_and_no_rule() -> None:
    generic = models.generic()
    assert (generic.price, generic.image) == (None, None)


def test_what_is_assumed_is_said() -> None:
    luna = models.family("gpt-6-luna")
    assert luna is not None
    assert "GPT-5.6" in luna.assumed


def test_the_table_bears_its_date() -> None:
    assert models.checked() >= date(2026, 11, 22)


def test_every_row_of_the_table_is_sound() -> None:
    for name in models._families():
        found = models.family(name)
        assert found is not None
        assert found.name == name
        if found.price is not None:
            assert Decimal(0) < found.price.input < found.price.output
        if isinstance(found.image, models.Patches):
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
    found = models.family(name)
    assert found is not None
    assert cost.price(found, prompt, completion) == Decimal(usd)


def test_no_price_is_not_free() -> None:
    assert cost.price(models.generic(), 1000, 1000) is None
