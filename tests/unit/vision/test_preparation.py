"""A change of what the model is shown changes the fingerprint: the name of the preparation has its figures in it."""

from io import BytesIO

import pytest
from PIL.JpegImagePlugin import JpegImageFile

from describer.vision import preparation
from describer.vision.brief import Brief
from describer.vision.image_tokens import Bounds
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits
from tests import pictures
from tests.fakes import fixed_sizes


def quality(jpeg: bytes) -> int:
    for candidate in range(1, 101):
        if tables(pictures.saved(pictures.scene(8, 8), "JPEG", quality=candidate)) == tables(jpeg):
            return candidate
    raise AssertionError("no quality has these tables")


def tables(jpeg: bytes) -> dict[int, list[int]]:
    with JpegImageFile(BytesIO(jpeg)) as image:
        return dict(image.quantization)


def test_its_name_has_the_quality_and_the_sides() -> None:
    image = prepare(pictures.jpeg(), fixed_sizes(lambda width, height: (width, height)), Limits())
    bounds = Bounds()
    name = f"jpeg{quality(image.jpeg)}/{bounds.short_side}x{bounds.long_side}/{preparation.REVISION}"
    assert name == preparation.NAME


def test_its_name_is_part_of_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    brief = Brief(("en",), "gpt-5.6-luna", "high", 1500)
    before = brief.fingerprint
    monkeypatch.setattr(preparation, "NAME", "another")
    assert brief.fingerprint != before
