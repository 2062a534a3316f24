"""What preparing a picture costs, against Pillow as it comes: `python -m benchmarks.preparation`.

Both sides make the same JPEG size. Ratios of medians, taken in turns in one run, so that a slow machine slows both.
"""

from collections.abc import Callable
from functools import partial
from io import BytesIO

import numpy as np
from PIL import Image

from benchmarks.measure import Goal, Pair, main
from describer.vision.families import family
from describer.vision.image_tokens import fit
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits

_LUNA = family("gpt-5.6-luna")
assert _LUNA is not None
_FIT = partial(fit, _LUNA)


def _photo(width: int, height: int, form: str, **options: object) -> bytes:
    """A picture with as much detail as a photograph's: soft noise in three octaves."""
    random = np.random.default_rng(7)
    layers = [random.integers(0, 256, (height // step, width // step, 3), dtype=np.uint8) for step in (4, 32, 256)]
    images = [Image.fromarray(layer).resize((width, height), Image.Resampling.BILINEAR) for layer in layers]
    mixed = Image.blend(Image.blend(images[2], images[1], 0.4), images[0], 0.2)
    out = BytesIO()
    mixed.save(out, form, **options)
    return out.getvalue()


def _naive(data: bytes) -> bytes:
    with Image.open(BytesIO(data)) as source:
        size = _FIT(*source.size)
        out = BytesIO()
        source.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=85)
    return out.getvalue()


def _ours(data: bytes) -> bytes:
    return prepare(data, _FIT, Limits()).jpeg


def _pair(name: str, data: bytes, goal: float) -> Pair:
    ours: Callable[[], object] = partial(_ours, data)
    return Pair(name, ours, partial(_naive, data), Goal("at_least", goal))


def pairs() -> list[Pair]:
    """The cases; the ratio is Pillow's time over ours."""
    return [
        _pair("JPEG 12 MP", _photo(4032, 3024, "JPEG", quality=90), 3.0),
        _pair("JPEG 48 MP", _photo(8064, 6048, "JPEG", quality=90), 3.0),
        _pair("JPEG 12 MP progressive", _photo(4032, 3024, "JPEG", quality=90, progressive=True), 1.5),
        _pair("PNG 12 MP", _photo(4032, 3024, "PNG", compress_level=1), 1.2),
    ]


if __name__ == "__main__":
    main("preparation", "Pillow as it comes / ours", pairs)
