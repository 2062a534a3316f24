"""What lies under a picture that is not opaque: chosen by what would be seen on it."""

from dataclasses import dataclass
from typing import Final

from PIL import Image

_GROUNDS: Final = {"white": 255, "black": 0, "grey": 128}
_NEAR: Final = 40
"""Levels of brightness by which a thing must differ from its ground to be seen."""
_MAY_BE_LOST: Final = 0.02
"""The share of what is visible that may be lost on white, which is the web's usual ground."""
_VISIBLE: Final = 64
"""The opacity from which on a pixel counts."""


@dataclass(frozen=True, slots=True)
class Grounded:
    """The picture on its ground, and what to tell of it."""

    pixels: Image.Image
    note: str


def on_ground(pixels: Image.Image, alpha: Image.Image, clear: str) -> Grounded:
    """An RGB picture on white, unless something would be lost on it; then on what loses least.

    Args:
        pixels: the picture.
        alpha: mode L, 255 where nothing shows through.
        clear: what shows through, for people: "transparency".
    """
    lost = _lost(pixels, alpha)
    name = "white" if lost["white"] <= _MAY_BE_LOST else min(lost, key=lambda ground: lost[ground])
    level = _GROUNDS[name]
    ground = Image.new("RGB", pixels.size, (level, level, level))
    ground.paste(pixels, mask=alpha)
    both = name == "grey" or lost[name] > _MAY_BE_LOST
    return Grounded(ground, f"{clear} on {name}{', as it has light and dark parts' if both else ''}")


def _lost(pixels: Image.Image, alpha: Image.Image) -> dict[str, float]:
    """By ground: the share of what is visible that has its brightness."""
    seen = alpha.point([255 if level >= _VISIBLE else 0 for level in range(256)])
    counts = pixels.convert("L").histogram(seen)
    whole = sum(counts) or 1
    return {name: sum(counts[max(0, level - _NEAR) : level + _NEAR + 1]) / whole for name, level in _GROUNDS.items()}
