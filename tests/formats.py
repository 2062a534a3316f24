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

This page lists the file formats that the app reads. `python -m tests.generated` writes it by preparing one file of
each kind, and a test compares it. "Note" is the note in the record. If the app does not read a format, the status
is `unsupported` and the reason names it; if a file's own decoder fails, the status is `corrupt`. The app reads JPEG
XL if you install the extra `jxl`, whose plugin is under GPL-3.0; otherwise it is `unsupported`.

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
