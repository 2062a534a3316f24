"""Chooses the background for a picture with transparency, so that its outline stays visible."""

from dataclasses import dataclass
from functools import reduce
from typing import Final, cast

from PIL import Image, ImageChops
from PIL.ImageFilter import MinFilter

_GROUNDS: Final = {"white": 255, "black": 0, "grey": 128}
_NEAR: Final = 40
"""Minimum difference in levels, in at least one channel, at which a colour is visible on its background."""
_MAY_BE_LOST: Final = 0.3
"""Maximum share of the outline that may vanish on white, the web's usual background."""
_VISIBLE: Final = 64
"""Minimum opacity of a visible pixel."""
_RIM: Final = 5
"""Side in pixels of the square around an inner pixel that must be visible; other visible pixels form the outline."""


@dataclass(frozen=True, slots=True)
class Grounded:
    """The picture on its background, with a note for people."""

    pixels: Image.Image
    note: str


def on_ground(pixels: Image.Image, alpha: Image.Image, clear: str) -> Grounded:
    """Return an RGB picture on white, or on the background that hides the least of its outline.

    A picture without any visible pixel is shown as opaque: some programs write zeros as opacity.

    Args:
        pixels: the picture.
        alpha: mode L; 255 is opaque.
        clear: the word for the transparent areas in the note, such as "transparency".
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
    """Return the share of the outline that has the background's colour, by background."""
    seen = alpha.point([255 if level >= _VISIBLE else 0 for level in range(256)])
    rim = ImageChops.subtract(seen, seen.filter(MinFilter(_RIM)))
    if not rim.getbbox():  # no area is transparent enough to have an outline
        rim = seen
    whole = sum(rim.histogram()[1:])
    return {name: _alike(pixels, level).histogram(rim)[0] / whole for name, level in _GROUNDS.items()}


def _alike(pixels: Image.Image, level: int) -> Image.Image:
    """Return a mask: 0 if every channel is near the level, else 255."""
    far = [255 if abs(value - level) > _NEAR else 0 for value in range(256)]
    return reduce(ImageChops.lighter, (channel.point(far) for channel in pixels.split()))
