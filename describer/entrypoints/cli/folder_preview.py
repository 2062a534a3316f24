"""Shows the cost of describing a folder's pictures, and asks for consent before anything is sent."""

import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from describer.entrypoints.cli.backfill_tables import duration
from describer.entrypoints.cli.inputs import File, Found
from describer.pipeline.backfill.counted import SAMPLE
from describer.pipeline.backfill.preview import Asking, of_sample
from describer.vision import estimate
from describer.vision.estimate import Estimate
from describer.vision.imaging.sides import HEAD_BYTES, sides

_NOBODY_KNOWS: Final = "What it costs is not known: there is no list price for the model."


def agreed(found: Found, asking: Asking, *, yes: bool) -> bool:
    """Tell what the pictures would take, and on a terminal ask whether to go on; else, or with `yes`, go on."""
    files = [source.path for _, source in found.sources if isinstance(source, File)]
    for sentence in sentences(files, asking):
        click.echo(sentence, err=True)
    if yes or not sys.stdin.isatty():
        return True
    return click.confirm(f"Describe these {len(found.sources):,} pictures?", err=True)


def sentences(files: Sequence[Path], asking: Asking) -> Iterator[str]:
    """Number of pictures, cost and duration, by the first bytes of up to 200."""
    megabytes = sum(_size(file) for file in files) / 1e6
    yield f"{len(files):,} pictures, {megabytes:,.1f} MB."
    asked = _asked(files, asking) if asking.has_price else None
    usd = asked.usd(asking.sizes.family) if asked else None
    if asked is None or usd is None:
        yield _NOBODY_KNOWS
        return
    tokens = asked.prompt[1] + asked.answer[1]
    yield f"About {usd[1]:,.4f} USD by list price ({usd[0]:,.4f} to {usd[2]:,.4f}), {tokens:,} tokens."
    if seconds := asking.seconds(len(files), asked):
        yield f"At least {duration(seconds)} at the deployment's quota."


def _asked(files: Sequence[Path], asking: Asking) -> Estimate:
    sample = files if len(files) <= SAMPLE else random.Random(0).sample(files, SAMPLE)  # noqa: S311 - no secret
    each = [estimate.of_picture(asking.brief, asking.sizes, sides(_head(file))) for file in sample]
    return of_sample(each, len(files))


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(HEAD_BYTES)
    except OSError:  # its turn tells what is wrong with it
        return b""


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
