"""A harmless picture, drawn for this app (a sun over a meadow), to test whether the model's server answers at all."""

from functools import cache
from importlib.resources import files

from describer.vision.imaging.values import PreparedImage

WIDTH, HEIGHT = 96, 72


@cache
def probe_picture() -> PreparedImage:
    """Return the picture, prepared like any other."""
    return PreparedImage(files("describer.adapters.chat").joinpath("probe.jpg").read_bytes(), WIDTH, HEIGHT)
