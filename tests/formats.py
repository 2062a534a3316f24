"""The matrix of formats in docs/formats.md, made by preparing one file of each kind."""

from collections.abc import Callable, Iterator
from functools import partial

from describer.domain.errors import ImageRejected
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits
from tests import pictures
from tests.fakes import fixed_sizes
from tests.unit.vision.test_kinds import GREYS, KINDS, REFUSED

_HEAD = """# Which pictures are read

Written by `python -m tests.generated`, which prepares one file of each kind; a test compares. "Note" is what the record
says of it. What is not read is `unsupported` with a sentence that names it; `corrupt` is what its own decoder gives up.
JPEG XL is read where the extra `jxl` is installed, whose plugin is under GPL-3.0; elsewhere it is `unsupported`.

| format | variant | outcome | note |
| --- | --- | --- | --- |
"""


def matrix() -> str:
    """The document."""
    return _HEAD + "".join(f"| {' | '.join(row)} |\n" for row in _rows())


def _rows() -> Iterator[tuple[str, str, str, str]]:
    whole = fixed_sizes(lambda width, height: (width, height))
    for variant, make in _kinds().items():
        try:
            image = prepare(make(), whole, Limits())
        except ImageRejected as refusal:
            yield "TIFF", variant, str(refusal.status), str(refusal)
            continue
        assert image.header is not None
        yield image.header.format, variant, "prepared", "; ".join(image.notes)


def _kinds() -> dict[str, Callable[[], bytes]]:
    plain: dict[str, Callable[[], bytes]] = {
        name: partial(bytes, data) for name, (_, data) in pictures.EVERY_KIND.items()
    }
    grey = {f"grey: {name}": make for name, make in GREYS.items()}
    refused: dict[str, Callable[[], bytes]] = {name: partial(bytes, data) for data, name in REFUSED}
    return plain | KINDS | grey | refused
