"""Compares the app's reading of real files with a reference decoder's: `python -m benchmarks.realfiles FOLDER`.

Each file goes through `prepare`, in processes as in the app, and through libvips (or Pillow, where libvips has no
decoder). Printed are: how many ended how; files that the reference reads and we do not; pairs whose
64x64 thumbnails differ by more than eight levels. `--sheet FILE` draws these side by side, reference left.

Goals: of the files that the reference reads, at most 1 % are `corrupt`; no error is ours; none takes over 10 s.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import pyvips
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat

from benchmarks.figures import Figure, conclude, parser
from describer.domain.errors import ImageRejected, Transient
from describer.vision.families import family
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import Limits
from describer.vision.imaging.wire import Bug

_SIDE: Final = 64
_LEVELS: Final = 8.0
_CELL: Final = 128


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one file."""

    path: Path
    status: str
    seconds: float
    jpeg: bytes = b""
    reason: str = ""


def reference(path: Path) -> Image.Image | None:
    """The file's thumbnail as another program reads it, or None where it does not."""
    try:
        image = pyvips.Image.thumbnail(str(path), 256, height=256, size="down", fail_on="error")
        image = image.colourspace("srgb")
        if image.hasalpha():
            image = image.flatten(background=255)
        image = image.cast("uchar")
        bands = {1: "L", 3: "RGB"}.get(image.bands)
        pixels = image.write_to_memory()
        return Image.frombytes(bands, (image.width, image.height), pixels).convert("RGB") if bands else None
    except pyvips.Error:
        return _by_pillow(path)


def _by_pillow(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as image:
            image.thumbnail((256, 256))
            return ImageOps.exif_transpose(image).convert("RGB")
    except Exception:  # noqa: BLE001 - it does not read it
        return None


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two thumbnails, in levels."""
    pair = [image.resize((_SIDE, _SIDE), Image.Resampling.BOX) for image in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*pair)).mean) / 3


async def outcomes(paths: list[Path]) -> list[Outcome]:
    """All files, two at a time."""
    luna = family("gpt-5.6-luna")
    assert luna is not None
    preparer, two = ProcessPreparer(lambda _: luna, Limits()), asyncio.Semaphore(2)

    async def one(path: Path) -> Outcome:
        async with two:
            data = await asyncio.to_thread(path.read_bytes)
            start = time.perf_counter()
            try:
                image = await preparer.prepare(data, model="", detail="high")
            except ImageRejected as refusal:
                return Outcome(path, str(refusal.status), time.perf_counter() - start, reason=str(refusal))
            except Transient as later:
                return Outcome(path, "later", time.perf_counter() - start, reason=str(later))
            except Bug as bug:
                return Outcome(path, "bug", time.perf_counter() - start, reason=str(bug))
            return Outcome(path, "prepared", time.perf_counter() - start, image.jpeg)

    done = await asyncio.gather(*map(one, paths))
    await preparer.close()
    return done


def sheet(pairs: list[tuple[str, Image.Image, Image.Image | None]], file: Path) -> None:
    """Draws each pair with its name."""
    columns = 6
    whole = Image.new("RGB", (columns * 2 * _CELL + 8, (_CELL + 16) * (len(pairs) // columns + 1)), "pink")
    draw = ImageDraw.Draw(whole)
    for number, (name, left, right) in enumerate(pairs):
        x, y = number % columns * 2 * _CELL, number // columns * (_CELL + 16)
        for step, image in enumerate((left, right)):
            if image:
                small = ImageOps.contain(image, (_CELL - 4, _CELL - 4))
                whole.paste(small, (x + step * _CELL, y))
        draw.text((x, y + _CELL - 2), name[:36], fill="black")
    whole.save(file)


def main() -> None:
    """The command line."""
    options = parser("realfiles")
    options.add_argument("folder", type=Path)
    options.add_argument("--sheet", type=Path, metavar="FILE")
    given = options.parse_args()
    paths = sorted(path for path in given.folder.rglob("*") if path.is_file())
    done = asyncio.run(outcomes(paths))
    print("\n".join(one.reason for one in done if one.status == "bug"))
    print("\n".join(f"{count:6} {status}" for status, count in Counter(one.status for one in done).most_common()))
    read, damaged = 0, 0
    pairs: list[tuple[str, Image.Image, Image.Image | None]] = []
    for one in done:
        other = reference(one.path)
        if other is None:
            continue
        read += 1
        if one.status != "prepared":
            damaged += one.status == "corrupt"
            print(f"{one.status}: {one.path.name}: {one.reason}")
            pairs.append((f"{one.status} {one.path.name}", other, None))
            continue
        with Image.open(BytesIO(one.jpeg)) as ours:
            apart = difference(other, ours.convert("RGB"))
            if apart > _LEVELS:
                print(f"differs by {apart:.0f}: {one.path.name}")
                pairs.append((f"{apart:.0f} {one.path.name}", other, ours.convert("RGB")))
    if given.sheet:
        sheet(pairs, given.sheet)
    figures = [
        Figure("files that the reference reads", read, "files"),
        Figure("of these, called corrupt", 100 * damaged / max(1, read), "%", at_most=1),
        Figure("errors of ours", sum(one.status == "bug" for one in done), "files", at_most=0),
        Figure("slowest", max((one.seconds for one in done), default=0), "s", at_most=10),
    ]
    conclude(figures, given)


if __name__ == "__main__":
    main()
