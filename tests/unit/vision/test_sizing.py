"""A photograph is sent small, a page as large as its text needs, and what is long in parts that overlap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from describer.adapters.chat.requests import description
from describer.vision.brief import Brief
from describer.vision.families import Family, family, generic
from describer.vision.image_tokens import parts_tokens
from describer.vision.imaging import content
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits, PreparedImage
from describer.vision.sizing import OVERLAP, Sizes
from tests import pictures

BUDGET = 6000
NAMES = ["gpt-5.6-luna", "gpt-4o", "gpt-4.1-mini", "generic"]


def named(name: str) -> Family:
    found = family(name)
    assert found is not None
    return found


def sizes(name: str = "gpt-5.6-luna", *, text_tokens: int = BUDGET, detail: str = "high") -> Sizes:
    return Sizes(named(name), detail, text_tokens=text_tokens)


def page(width: int, height: int, size: int) -> Image.Image:
    """White, with lines of text of so many pixels."""
    image = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    line = "The invoice of the twelfth names an amount of 384 crowns and a delivery by rail. " * 8
    for top in range(10, height - size, size * 2):
        draw.text((10, top), line, fill=(20, 20, 30), font=font)
    return image


def sent(image: Image.Image, of: Sizes) -> PreparedImage:
    return prepare(pictures.saved(image, "PNG"), of, Limits())


def tokens(image: PreparedImage) -> int:
    return parts_tokens(named("gpt-5.6-luna"), ((part.width, part.height) for part in image.parts), "high") or 0


def test_small_text_is_sent_larger_and_large_text_is_not() -> None:
    small, large = sent(page(1920, 1080, 12), sizes()), sent(page(1920, 1080, 28), sizes())
    assert small.width > 1376
    assert large.width == 1376
    assert tokens(large) < tokens(small) <= BUDGET


def test_a_photograph_is_sent_at_the_usual_size() -> None:
    noise = Image.effect_noise((252, 189), 60).resize((4032, 3024), Image.Resampling.BICUBIC).convert("RGB")
    image = prepare(pictures.saved(noise, "JPEG"), sizes(), Limits())
    assert tokens(image) <= 930
    assert not content.has_text(noise.resize((1024, 768)))


@pytest.mark.parametrize(("size", "detail"), [(0, "high"), (BUDGET, "low")])
def test_it_can_be_turned_off_and_low_detail_stays_low(size: int, detail: str) -> None:
    of = sizes(text_tokens=size, detail=detail)
    image = sent(page(1920, 1080, 12), of)
    assert (image.width, image.height) == of.usual(1920, 1080).size


def test_a_tall_screenshot_is_cut_and_the_prompt_says_so() -> None:
    image = sent(page(1080, 8000, 30), sizes())
    assert len(image.parts) > 1
    assert image.order == "from top to bottom"
    assert f"cut into {len(image.parts)} parts from top to bottom" in image.notes
    assert min(part.width for part in image.parts) > 300
    assert tokens(image) <= BUDGET
    body = description(Brief(("en",), "gpt-5.6-luna", "high", 900), image, 900, named("gpt-5.6-luna"))
    said, *pictures_sent = body["messages"][1]["content"][1:]
    assert "overlapping parts, from top to bottom" in said["text"]
    assert len(pictures_sent) == len(image.parts)


def test_a_long_strip_without_text_is_no_thread() -> None:
    strip = Image.effect_noise((1000, 20), 60).resize((20_000, 400), Image.Resampling.BICUBIC).convert("RGB")
    image = sent(strip, sizes())
    assert image.order == "from left to right"
    assert image.height >= 60


@pytest.mark.parametrize("height", [4000, 12_000])
def test_what_cannot_be_shown_large_enough_says_so_and_how_large_it_is(height: int) -> None:
    image = sent(page(1080, height, 10), sizes(text_tokens=2500))
    (note,) = (note for note in image.notes if "lost" in note)
    assert f"shown at {image.width / 1080:.0%} of its" in note


@pytest.mark.parametrize("name", NAMES)
@given(width=st.integers(1, 20_000), height=st.integers(1, 20_000))
def test_parts_cover_the_picture_overlap_and_stay_within_the_budget(name: str, width: int, height: int) -> None:
    layout = sizes(name).largest(width, height, BUDGET)
    assert layout.size[0] <= width
    assert layout.size[1] <= height
    first, last = layout.parts[0], layout.parts[-1]
    assert (first[:2], last[2:]) == ((0, 0), layout.size)
    for one, other in zip(layout.parts, layout.parts[1:], strict=False):
        shared = max(one[2] - other[0], one[3] - other[1]) if other[0] and other[1] else 0
        along = one[3] - other[1] if other[1] else one[2] - other[0]
        assert along >= OVERLAP - 1 or shared
    if len(layout.parts) > 1 and layout.tokens:
        assert layout.tokens <= BUDGET


def test_original_is_larger_than_high_where_the_family_knows_it() -> None:
    assert sizes(detail="original").usual(4032, 3024).size == (4000, 3008)  # whole patches
    assert sizes().usual(4032, 3024).size == (1024, 768)


def test_icons_are_padded_where_servers_refuse_them_and_left_alone_elsewhere() -> None:
    icon = pictures.saved(pictures.scene(16, 12), "PNG")
    small = prepare(icon, Sizes(generic(), "high"), Limits())
    assert (small.width, small.height) == (28, 28)
    assert prepare(icon, sizes(), Limits()).width == 16


@pytest.mark.parametrize("size", [(16, 16), (2048, 8), (5000, 27), (20, 4000), (30_000, 3)])
def test_no_part_of_a_strip_is_smaller_than_the_family_takes(size: tuple[int, int]) -> None:
    strip = Image.new("RGB", size, (200, 30, 30))
    strip.paste((0, 0, 0), (0, 0, size[0] // 2, max(1, size[1] // 2)))
    image = prepare(pictures.saved(strip, "PNG"), Sizes(named("qwen3"), "high", text_tokens=BUDGET), Limits())
    assert min(min(sides) for sides in image.sides) == 28
    assert min(min(sides) for sides in prepare(pictures.saved(strip, "PNG"), sizes(), Limits()).sides) < 28


@pytest.mark.parametrize(("size", "spacer"), [((1, 1), True), ((64, 64), True), ((900, 4), True), ((200, 200), False)])
def test_spacers_are_distinguished_from_blank_pictures(size: tuple[int, int], spacer: bool) -> None:
    image = sent(Image.new("RGB", size, "white"), sizes())
    assert image.blank
    assert image.is_spacer is spacer
    assert "shows a single colour" in image.notes
