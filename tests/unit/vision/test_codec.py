"""What a codec raises on its own calls is the picture's fault; a bug of the app, or a missing part, is not."""

from dataclasses import replace

import pytest

from describer.domain.errors import Corrupt, TooLarge
from describer.vision.imaging import by_pillow, colour
from describer.vision.imaging.codec import calling
from describer.vision.imaging.formats import BMP
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Header, Limits
from tests import pictures
from tests.fakes import fixed_sizes

HEADER = Header("JPEG", "image/jpeg", 4, 3)


def codec(error: Exception) -> None:
    """Raises from a frame that is none of the package's."""
    raise error


@pytest.mark.parametrize("error", [OSError("x"), SyntaxError("x"), ValueError(), IndexError(), TypeError("x")])
def test_what_a_codec_raises_is_corrupt_and_its_words_stay_behind(error: Exception) -> None:
    with pytest.raises(Corrupt) as refusal, calling("JPEG", HEADER):
        codec(error)
    assert str(refusal.value) == "The JPEG data is damaged. Use an undamaged copy."
    assert refusal.value.facts == {"format": "JPEG", "width": 4, "height": 3}
    assert refusal.value.__cause__ is error


def test_memory_that_runs_out_is_no_damage() -> None:
    with pytest.raises(TooLarge), calling("JPEG", HEADER):
        codec(MemoryError())


def test_a_missing_module_is_no_damage() -> None:
    with pytest.raises(ImportError), calling("JPEG", HEADER):
        codec(ImportError("libsomething.so"))


def test_a_bug_inside_the_block_is_no_damage() -> None:
    """As after an upgrade of a library in which a method has another name: our call fails in our own frame."""
    broken = replace(BMP, plugin=lambda _: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError):
        by_pillow.opened_by_pillow(broken, pictures.saved(pictures.scene(), "BMP"), Limits())


def test_a_bug_in_our_conversion_of_colours_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise AttributeError("no_such_method")

    monkeypatch.setattr(colour, "to_srgb", broken)
    with pytest.raises(AttributeError, match="no_such_method"):
        prepare(pictures.jpeg(), fixed_sizes(lambda width, height: (width, height)), Limits())
