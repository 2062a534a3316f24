"""Pictures are counted as OpenAI documents it, and sent in the size that wastes nothing."""

from math import ceil

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from describer.vision.families import Family, Patches, family, generic
from describer.vision.image_tokens import Bounds, fit, image_tokens


def named(name: str) -> Family:
    found = family(name)
    assert found is not None
    return found


LUNA, FOUR_O = named("gpt-5.6-luna"), named("gpt-4o")
PATCHED = [named(name) for name in ("gpt-6-luna", "gpt-5.6-luna", "gpt-5.4-mini", "gpt-5-nano", "gpt-4.1-mini")]
TILED = [named(name) for name in ("gpt-4o", "gpt-4o-mini", "gpt-5.1")]

sides = st.integers(1, 20_000)
families = st.sampled_from([*PATCHED, *TILED, generic()])
details = st.sampled_from(["low", "high", "original", "auto"])
bounds = st.builds(Bounds, st.integers(64, 2000), st.integers(64, 8000), st.none() | st.integers(100, 4000))


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        ("gpt-4o", (1024, 1024), "high", 765),  # the guide: 85 + 4 tiles
        ("gpt-4o", (2048, 4096), "high", 1105),  # the guide: shrunk to 768x1536, 85 + 6 tiles
        ("gpt-4o", (4096, 8192), "low", 85),  # the guide: the base alone
        ("gpt-4o", (1152, 768), "high", 1105),
        ("gpt-4o", (1024, 682), "high", 765),
        ("gpt-5.4", (1024, 1024), "high", 1229),  # the guide: 1,024 patches
        ("gpt-5.4", (2048, 2048), "high", 3000),  # the guide: shrunk to 1600x1600
        ("gpt-5-mini", (1800, 2400), "high", 1743),  # the guide: shrunk to 1056x1408, 1,452 patches
        ("gpt-5.6-luna", (4000, 3000), "auto", 14_100),
        ("gpt-5.6-luna", (1024, 768), "high", 922),
        ("gpt-5.6-luna", (1025, 769), "high", 990),
        ("gpt-5.6-luna", (4000, 3000), "low", 231),
        ("gpt-5.6-luna", (1, 1), "high", 2),
    ],
)
def test_documented_and_computed_examples(model: str, size: tuple[int, int], detail: str, tokens: int) -> None:
    assert image_tokens(named(model), *size, detail) == tokens


@pytest.mark.parametrize("detail", ["high", "nonsense"])
def test_without_a_rule_nothing_is_claimed(detail: str) -> None:
    assert image_tokens(generic(), 100, 100, detail) is None
    assert image_tokens(LUNA, 100, 100, "nonsense") is None
    assert image_tokens(FOUR_O, 100, 100, "original") is None


@pytest.mark.parametrize(
    ("model", "source", "sent"),
    [
        ("gpt-5.6-luna", (4032, 3024), (1024, 768)),
        ("gpt-5.6-luna", (3024, 4032), (768, 1024)),
        ("gpt-5.6-luna", (6000, 4000), (1152, 768)),
        ("gpt-5.6-luna", (1920, 1080), (1376, 768)),  # 1365 would begin the same 43rd patch
        ("gpt-5.6-luna", (1025, 769), (1024, 768)),
        ("gpt-5.6-luna", (1000, 700), (1000, 700)),  # small enough: not touched
        ("gpt-5.6-luna", (20_000, 100), (2048, 10)),
        ("gpt-5.6-luna", (1, 90_000), (1, 2048)),
        ("gpt-4o", (6000, 4000), (1024, 683)),  # 1152x768 would take six tiles instead of four
        ("gpt-4o", (1920, 1080), (1365, 768)),  # two tiles less would lose half of the pixels
        ("gpt-4o", (4032, 3024), (1024, 768)),
        ("gpt-4o", (520, 500), (512, 492)),
        ("unknown", (6000, 4000), (1152, 768)),
        ("unknown", (1920, 1080), (1365, 768)),
    ],
)
def test_sizes_to_send(model: str, source: tuple[int, int], sent: tuple[int, int]) -> None:
    assert fit(family(model) or generic(), *source) == sent


def test_low_detail_is_sent_no_larger_than_it_is_looked_at() -> None:
    assert fit(LUNA, 4000, 3000, "low") == (512, 384)
    assert fit(FOUR_O, 4000, 3000, "low") == (512, 384)


def test_a_bound_of_tokens_shrinks_further() -> None:
    sent = fit(LUNA, 4000, 3000, "high", Bounds(tokens=400))
    assert sent == (640, 480)
    assert image_tokens(LUNA, *sent, "high") == 360


def test_the_service_limit_of_patches_holds_where_the_bounds_do_not() -> None:
    width, height = fit(LUNA, 9000, 9000, "original", Bounds(10_000, 10_000))
    assert ceil(width / 32) * ceil(height / 32) <= 30_000


@given(families, sides, sides, details, bounds)
def test_never_larger_than_the_picture_or_the_bounds(
    family: Family, width: int, height: int, detail: str, bound: Bounds
) -> None:
    sent = fit(family, width, height, detail, bound)
    assert 1 <= sent[0] <= width
    assert 1 <= sent[1] <= height
    assert max(sent) <= bound.long_side
    assert min(sent) <= bound.short_side


@given(families, sides, sides, details, bounds)
def test_never_over_the_bound_of_tokens_where_it_pays_for_one_cell(
    family: Family, width: int, height: int, detail: str, bound: Bounds
) -> None:
    smallest = image_tokens(family, 1, 1, detail)
    assume(smallest is not None and bound.tokens is not None and smallest <= bound.tokens)
    tokens = image_tokens(family, *fit(family, width, height, detail, bound), detail)
    assert tokens is not None
    assert bound.tokens is not None
    assert tokens <= bound.tokens


@given(families, sides, sides, details, bounds)
def test_the_aspect_moves_by_two_percent_or_a_pixel(
    family: Family, width: int, height: int, detail: str, bound: Bounds
) -> None:
    sent = fit(family, width, height, detail, bound)
    aspect = width / height
    low, high = (sent[0] - 1) / (sent[1] + 1), (sent[0] + 1) / max(sent[1] - 1, 0.001)
    assert low / 1.021 <= aspect <= high * 1.021


@given(st.sampled_from(PATCHED), st.integers(800, 20_000), st.floats(1, 2.6), st.booleans())
def test_shrunk_for_patches_it_lands_on_multiples_of_32(
    family: Family, short: int, aspect: float, upright: bool
) -> None:
    size = (short, int(short * aspect)) if upright else (int(short * aspect), short)
    width, height = fit(family, *size)
    assert (width % 32, height % 32) == (0, 0)
    assert min(width, height) == 768


@given(st.sampled_from(TILED), sides, sides)
def test_shrunk_for_tiles_it_takes_no_more_of_them(family: Family, width: int, height: int) -> None:
    sent = image_tokens(family, *fit(family, width, height), "high")
    unshrunk = image_tokens(family, width, height, "high")
    assert sent is not None
    assert unshrunk is not None
    assert sent <= unshrunk


@given(st.sampled_from(PATCHED), sides, sides)
def test_the_model_shrinks_nothing_that_was_fitted(family: Family, width: int, height: int) -> None:
    sent = fit(family, width, height)
    assert isinstance(family.image, Patches)
    patches = ceil(sent[0] / 32) * ceil(sent[1] / 32)
    assert image_tokens(family, *sent, "high") == ceil(patches * family.image.multiplier)
