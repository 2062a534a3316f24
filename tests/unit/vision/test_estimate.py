"""A picture's tokens are estimated from the start of its file, as they are counted when it is sent."""

import pytest

from describer.vision import estimate
from describer.vision.brief import Brief
from describer.vision.families import family
from describer.vision.image_tokens import parts_tokens
from describer.vision.imaging.render import prepare
from describer.vision.imaging.sides import HEAD_BYTES, sides
from describer.vision.imaging.values import Limits
from describer.vision.sizing import Sizes
from tests import pictures

BRIEF = Brief(("en", "de"), "gpt-5.6-luna", "high", 1500)
FORMS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF", "HEIF")


def _sizes(text_tokens: int = 6000) -> Sizes:
    found = family("gpt-5.6-luna")
    assert found
    return Sizes(found, "high", text_tokens=text_tokens)


@pytest.mark.parametrize("form", FORMS)
def test_the_start_of_a_file_has_its_sides(form: str) -> None:
    data = pictures.saved(pictures.scene(), form)
    assert sides(data[:HEAD_BYTES]) == (pictures.WIDTH, pictures.HEIGHT)


@pytest.mark.parametrize(
    "head", [b"", b"\xff\xd8\xff", b"no picture", pictures.jpeg()[:40], pictures.saved(pictures.scene(), "TIFF")[:64]]
)
def test_without_sides_only_the_bytes_are_known(head: bytes) -> None:
    assert sides(head) is None


@pytest.mark.parametrize(("width", "height"), [(64, 64), (360, 200), (1200, 900), (4000, 3000), (900, 1600)])
def test_a_photographs_tokens_are_those_that_are_sent(width: int, height: int) -> None:
    sizes = _sizes(text_tokens=0)
    image = prepare(pictures.jpeg(width, height), sizes, Limits())
    sent = parts_tokens(sizes.family, ((part.width, part.height) for part in image.parts), "high")
    told = estimate.of_picture(BRIEF, sizes, (width, height))
    assert told.prompt[1] == estimate.question_tokens(BRIEF) + (sent or 0)


def test_small_text_may_take_more_and_unknown_sides_widen_the_range() -> None:
    known = estimate.of_picture(BRIEF, _sizes(), (2000, 1500))
    unknown = estimate.of_picture(BRIEF, _sizes(), None)
    assert known.prompt[0] == known.prompt[1] < known.prompt[2]
    assert unknown.prompt[0] < known.prompt[0]
    assert known.answer == tuple(2 * tokens for tokens in estimate.ANSWER_TOKENS), "a text for each language"


def test_money_follows_the_list_price_or_is_not_known() -> None:
    told = estimate.of_picture(BRIEF, _sizes(), (2000, 1500)).times(1000)
    usd = told.usd(_sizes().family)
    price = _sizes().family.price
    assert price and usd
    assert usd[1] == pytest.approx(float(price.input * told.prompt[1] + price.output * told.answer[1]) / 1e6)
    generic = family("generic")
    assert generic
    assert told.usd(generic) is None
