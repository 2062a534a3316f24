"""More than eight bits are shown by what they hold: no picture turns black, white or four times as bright by a hair."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from describer.vision.imaging.render import prepare
from describer.vision.imaging.tones import Range, range_of
from describer.vision.imaging.values import Limits
from tests import pictures
from tests.fakes import fixed_sizes

WHOLE = fixed_sizes(lambda width, height: (width, height))


def samples(low: float, high: float) -> Image.Image:
    return Image.fromarray(np.linspace(low, high, 64 * 64, dtype=np.float32).reshape(64, 64))


def mean(form: str, kind: str, high: float) -> float:
    """Of what is shown of a ramp from 0 to `high`."""
    ramp = np.linspace(0, high, 64 * 64).reshape(64, 64).astype(kind)
    image = prepare(
        pictures.saved(Image.fromarray(ramp), form), fixed_sizes(lambda width, height: (width, height)), Limits()
    )
    with Image.open(BytesIO(image.jpeg)) as shown:
        return float(np.asarray(shown).mean())


@pytest.mark.parametrize("white", [0.7, 1.0, 1.5, 300.0, 65535.0])
def test_floats_are_not_black_with_any_value_for_white(white: float) -> None:
    assert 80 < mean("TIFF", "float32", white) < 135


@pytest.mark.parametrize(("form", "white"), [("PNG", 300), ("PNG", 4095), ("TIFF", 1023), ("TIFF", 65535)])
def test_sixteen_bits_are_no_black_sheet_whatever_they_hold(form: str, white: float) -> None:
    assert 100 < mean(form, "uint16", white) < 135


@pytest.mark.parametrize("edge", [255, 1023, 4095, 8191, 16383, 32767])
def test_one_level_more_is_no_other_picture(edge: int) -> None:
    assert mean("PNG", "uint16", edge) == pytest.approx(mean("PNG", "uint16", edge + 1), abs=2)


@pytest.mark.parametrize("high", [33_000, 50_000, 65_535])
def test_a_picture_that_uses_its_range_is_left_as_it_is(high: float) -> None:
    assert range_of([samples(0, high)], 65_535.0) == Range(0.0, 65_535.0)


def test_sparks_and_holes_do_not_decide() -> None:
    image = samples(0, 100)
    for x, value in enumerate([float("nan"), float("inf"), 1e30]):
        image.putpixel((x, 0), value)
    shown = range_of([image], None)
    assert shown.white == pytest.approx(100, rel=0.01)
    assert shown.black == pytest.approx(0, abs=1)


def test_without_a_range_nothing_is_divided_by_nothing() -> None:
    for value in (0.0, 5.0, -5.0, float("nan")):
        shown = range_of([samples(value, value)], None)
        assert shown.white > shown.black
