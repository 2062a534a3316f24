"""A TIFF that comes out as noise or blank where its own smaller copy shows something is refused, and no other."""

import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from describer.domain.errors import Unsupported
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits
from tests import pictures
from tests.fakes import fixed_sizes

NOISE = Image.effect_noise((320, 240), 80).convert("RGB")
BLANK = Image.new("RGB", (320, 240), "white")
SCENE = pictures.scene(320, 240)


def with_copy(image: Image.Image, copy: Image.Image) -> bytes:
    """A TIFF whose second page calls itself a smaller copy of the first."""
    smaller = copy.resize((160, 120))
    reduced = ImageFileDirectory_v2()
    reduced[254] = 1
    smaller.encoderinfo = {"tiffinfo": reduced}
    return pictures.saved(image, "TIFF", save_all=True, append_images=[smaller])


def notes(data: bytes) -> tuple[str, ...]:
    return prepare(data, fixed_sizes(lambda width, height: (width, height)), Limits()).notes


@pytest.mark.parametrize("image", [NOISE, BLANK], ids=["noise", "blank"])
def test_what_its_copy_contradicts_is_refused(image: Image.Image) -> None:
    with pytest.raises(Unsupported, match="smaller copy"):
        notes(with_copy(image, SCENE))


def test_noise_and_blank_sheets_that_are_meant_are_prepared() -> None:
    noise = Image.effect_noise((160, 120), 80).convert("RGB")
    assert notes(with_copy(NOISE, noise)) == ()
    assert notes(with_copy(BLANK, BLANK)) == ("shows a single colour",)
    assert notes(pictures.saved(NOISE, "TIFF")) == ()


def test_the_copy_is_not_asked_where_the_picture_shows_something() -> None:
    assert notes(with_copy(SCENE, BLANK)) == ()
