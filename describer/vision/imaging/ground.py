"""What lies under a picture that is not opaque: chosen by what would be seen on it."""

from dataclasses import dataclass
from functools import reduce
from typing import Final, cast

from PIL import Image, ImageChops
from PIL.ImageFilter import MinFilter

_GROUNDS: Final = {"white": 255, "black": 0, "grey": 128}
_NEAR: Final = 40
"""Levels by which a colour must differ from its ground to be seen, in one channel at least."""
_MAY_BE_LOST: Final = 0.3
"""The share of the rim that may be lost on white, which is the web's usual ground."""
_VISIBLE: Final = 64
"""The opacity from which on a pixel counts."""
_RIM: Final = 5
"""Pixels around one that must be visible too, or it belongs to the rim, where a picture meets its ground."""


@dataclass(frozen=True, slots=True)
class Grounded:
    """The picture on its ground, and what to tell of it."""

    pixels: Image.Image
    note: str


def on_ground(pixels: Image.Image, alpha: Image.Image, clear: str) -> Grounded:
    """An RGB picture on white, unless its rim would be lost on it; then on what loses least.

    One of which nothing is visible is shown as if it were opaque: some programs leave zeros where opacity belongs.

    Args:
        pixels: the picture.
        alpha: mode L, 255 where nothing shows through.
        clear: what shows through, for people: "transparency".
    """
    if cast("tuple[int, int]", alpha.getextrema())[1] < _VISIBLE:
        return Grounded(pixels, f"{clear} left out, as nothing would be seen")
    lost = _lost(pixels, alpha)
    name = "white" if lost["white"] <= _MAY_BE_LOST else min(lost, key=lambda ground: lost[ground])
    level = _GROUNDS[name]
    ground = Image.new("RGB", pixels.size, (level, level, level))
    ground.paste(pixels, mask=alpha)
    both = name == "grey" or lost[name] > _MAY_BE_LOST
    return Grounded(ground, f"{clear} on {name}{', as it has light and dark parts' if both else ''}")


def _lost(pixels: Image.Image, alpha: Image.Image) -> dict[str, float]:
    """By ground: the share of the rim that has its colour."""
    seen = alpha.point([255 if level >= _VISIBLE else 0 for level in range(256)])
    rim = ImageChops.subtract(seen, seen.filter(MinFilter(_RIM)))
    if not rim.getbbox():  # nothing is clear enough to have a rim
        rim = seen
    whole = sum(rim.histogram()[1:])
    return {name: _alike(pixels, level).histogram(rim)[0] / whole for name, level in _GROUNDS.items()}


def _alike(pixels: Image.Image, level: int) -> Image.Image:
    """0 where every channel is near the level, 255 elsewhere."""
    far = [255 if abs(value - level) > _NEAR else 0 for value in range(256)]
    return reduce(ImageChops.lighter, (channel.point(far) for channel in pixels.split()))
