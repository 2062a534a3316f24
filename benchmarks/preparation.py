"""What preparing a picture costs, beside Pillow as it comes, libvips and the floor: `python -m benchmarks.preparation`.

All sides make the same size, in turns in one run, so that a busy machine slows all; times are the least computing time
of each, as a busy machine only adds to it.
The floor of a JPEG is its entropy decoding, by Pillow at an eighth of its sides; JPEGs have as many bytes as phones and
cameras give them. Peaks of memory, above idle, are those of fresh processes, as the app starts them. The last figures:
a process that prepares many pictures, and its start.

Why not less, with libjpeg-turbo by Pillow:
- 12 MP misses its goal: decoding at the quarter that is needed takes 1.15 to 1.2 of the floor, encoding 2 ms, looking
  for text 1 ms.
- 24 and 42 MP: decoders shrink by halves, so that 1500 or 1988 pixels come where 1152 are wanted. The last step is
  libvips' (7 ms, and 2 ms of copies; Pillow's takes 19).
- Display P3 misses its goal: lcms takes 11 ms for the transform of 0.8 megapixels, half of the floor, with any flags.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from itertools import cycle, islice
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.figures import Figure, main, median, ratio
from benchmarks.memory import peak, resident
from describer.vision.families import Family, family
from describer.vision.imaging.pool import Pool
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import Limits
from describer.vision.imaging.wire import PreparationRequest
from describer.vision.sizing import Sizes

os.environ["VIPS_CONCURRENCY"] = "1"  # as the app's processes have it, and before libvips is loaded
import pillow_heif
import pyvips

pillow_heif.register_heif_opener()  # for the naive way
ROUNDS: Final = 5
AS_FAST: Final = 0.97
"""What counts as no slower: one side's figure differs by so much from run to run."""
TEXT_TOKENS: Final = 6000
"""IMAGE_TEXT_TOKENS' default."""
MANY: Final = 2000
_MIB: Final = 2**20


@cache
def luna() -> Family:
    """The default model's family."""
    found = family("gpt-5.6-luna")
    assert found is not None
    return found


def photo(width: int, height: int, form: str, **options: object) -> bytes:
    """A picture with as much detail as a photograph's: soft noise in three octaves."""
    random = np.random.default_rng(7)
    layers = [random.integers(0, 256, (height // step, width // step, 3), dtype=np.uint8) for step in (4, 32, 256)]
    images = [Image.fromarray(layer).resize((width, height), Image.Resampling.BILINEAR) for layer in layers]
    mixed = Image.blend(Image.blend(images[2], images[1], 0.4), images[0], 0.2)
    out = BytesIO()
    mixed.save(out, form, **options)
    return out.getvalue()


def museum(**options: object) -> bytes:
    """A TIFF of 100 megapixels, 16 bits, three channels; smooth, so that it stays within the limit of bytes."""
    ramp = pyvips.Image.xyz(12_248, 8_164).cast("ushort")
    image = ramp.bandjoin(ramp.extract_band(0)).cast("ushort") * 4
    image = image.cast("ushort").copy(interpretation="rgb16")
    return bytes(image.tiffsave_buffer(compression="deflate", predictor="horizontal", **options))


@dataclass(frozen=True, slots=True)
class Case:
    """An input and its goals: ratios of times, and the peak in MiB; None: no goal."""

    name: str
    data: Callable[[], bytes]
    naive: float | None = None
    vips: float | None = None
    floor: float | None = None
    memory: float | None = None


def scan() -> bytes:
    """A sheet of A1 at 300 dots an inch, in colours: paper with some grain, and letters all over it."""
    text = pyvips.Image.text("A plan of the whole building. " * 40, width=6_400, dpi=300).embed(300, 300, 7_016, 1_000)
    paper = pyvips.Image.gaussnoise(7_016, 9_933, mean=244, sigma=2).bandjoin([240, 232])
    sheet = (text.replicate(1, 10).crop(0, 0, 7_016, 9_933) > 128).ifthenelse([30, 30, 60], paper).cast("uchar")
    return bytes(sheet.copy(interpretation="srgb").tiffsave_buffer(compression="lzw", predictor="horizontal"))


def _jpeg(megapixels: str, width: int, height: int, quality: int, floor: float, **options: object) -> Case:
    made = partial(photo, width, height, "JPEG", quality=quality, **options)
    return Case(f"JPEG {megapixels}", made, naive=4, vips=1, floor=floor, memory=30)


CASES: Final = (
    _jpeg("12 MP", 4032, 3024, 94, 1.25),
    _jpeg("24 MP", 6000, 4000, 93, 1.35),
    _jpeg("42 MP", 7952, 5304, 90, 1.35),
    _jpeg("48 MP", 8064, 6048, 91, 1.25),
    _jpeg("12 MP in Display P3", 4032, 3024, 94, 1.35, icc_profile=bytes(pyvips.Image.profile_load("p3"))),
    Case("JPEG 12 MP progressive", partial(photo, 4032, 3024, "JPEG", quality=90, progressive=True), naive=1.5),
    Case("PNG 24 MP", partial(photo, 6000, 4000, "PNG", compress_level=1), naive=1, vips=AS_FAST),
    Case("WebP 12 MP", partial(photo, 4032, 3024, "WEBP", quality=85, method=1), naive=1, vips=AS_FAST),
    Case("AVIF 12 MP", partial(photo, 4032, 3024, "AVIF", speed=10), naive=1),
    Case("HEIC 12 MP", partial(photo, 4032, 3024, "HEIF"), naive=1),
    Case("TIFF 100 MP, 16 bits, strips", museum, memory=700),
    Case("TIFF 100 MP, 16 bits, tiles", partial(museum, tile=True), memory=700),
    Case("TIFF 100 MP, 16 bits, pyramid", partial(museum, tile=True, pyramid=True), memory=700),
    Case("TIFF, A1 at 300 dpi, LZW", scan, memory=700),
)


def ours(data: bytes) -> None:
    """As the app does it, at its defaults."""
    prepare(data, Sizes(luna(), "high", text_tokens=TEXT_TOKENS), Limits())


def naive(data: bytes) -> None:
    """As Pillow's tutorial does it."""
    with Image.open(BytesIO(data)) as source:
        size = Sizes(luna(), "high").usual(*source.size).size
        source.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(BytesIO(), "JPEG", quality=85)


def by_vips(data: bytes) -> None:
    """As libvips' documentation does it."""
    header = pyvips.Image.new_from_buffer(data, "")
    width, height = Sizes(luna(), "high").usual(header.width, header.height).size
    pyvips.Image.thumbnail_buffer(data, width, height=height, size="force").jpegsave_buffer(Q=85)


def floor(data: bytes) -> None:
    """A JPEG's entropy decoding, and one value for each block."""
    with Image.open(BytesIO(data)) as source:
        source.draft("RGB", (1, 1))
        source.load()


def _times(data: bytes, sides: dict[str, Callable[[bytes], None]]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS + 1):
        for name, run in sides.items():
            start = time.process_time()
            run(data)
            taken[name].append(time.process_time() - start)
    return {name: values[1:] for name, values in taken.items()}


def peak_of(data: bytes) -> float:
    """Peak above idle, in MiB, of a process that prepares this one picture."""
    code = (
        "import json, os, sys\n"
        "from benchmarks import memory, preparation as p\n"
        "data = sys.stdin.buffer.read()\n"
        "p.ours(p.photo(64, 64, 'JPEG')); p.vips_loaded()\n"
        "memory.forget_peak()\n"
        "before = memory.peak(os.getpid())\n"
        "p.ours(data)\n"
        "print(json.dumps(memory.peak(os.getpid()) - before))\n"
    )
    command = [sys.executable, "-c", code]
    return float(json.loads(subprocess.run(command, input=data, capture_output=True, check=True).stdout))


def vips_loaded() -> None:
    """Loads libvips, which the first TIFF would."""
    pyvips.Image.black(8, 8).write_to_memory()


def _request(data: bytes) -> PreparationRequest:
    limits = Limits()
    return PreparationRequest(
        size=len(data),
        family=luna().name,
        detail="high",
        max_tokens=None,
        photo_tokens=0,
        text_tokens=TEXT_TOKENS,
        max_bytes=limits.max_bytes,
        decode_memory=limits.decode_memory,
    )


async def _many() -> list[Figure]:
    """A process of the app that prepares one picture after the other."""
    small = [
        photo(1200, 900, "PNG", compress_level=1),
        photo(1600, 1200, "WEBP", method=0),
        photo(800, 600, "AVIF", speed=10),
        photo(800, 600, "HEIF"),
        photo(1200, 900, "TIFF"),
        photo(1600, 1200, "JPEG", progressive=True),
        photo(300, 200, "GIF"),
        photo(300, 200, "JPEG"),
    ]
    mixed = [photo(4032, 3024, "JPEG"), *small, photo(2016, 1512, "HEIF"), *small]
    pool = Pool(slots=1)
    start = time.perf_counter()
    await pool.prepare(_request(small[-1]), small[-1])
    begun = time.perf_counter() - start
    (process,) = pool.processes
    first, app = resident(process), resident(os.getpid())
    most = 0.0
    for data in islice(cycle(mixed), MANY):
        await pool.prepare(_request(data), data)
        most = max(most, *map(peak, pool.processes))
    grown, app_grown = sum(map(resident, pool.processes)) - first, resident(os.getpid()) - app
    await pool.close()
    return [
        Figure("a process's start and first picture", begun * 1000, "ms"),
        Figure(f"memory of the process after {MANY} pictures, above the first", grown, "MiB", at_most=150),
        Figure(f"memory of the app after {MANY} pictures, above the first", app_grown, "MiB", at_most=50),
        Figure(f"peak of a process over {MANY} pictures", most, "MiB", at_most=700),
    ]


def measure() -> list[Figure]:
    """All figures; the process that prepares many pictures first, while this one holds none."""
    figures = asyncio.run(_many())
    for case in CASES:
        data = case.data()
        sides: dict[str, Callable[[bytes], None]] = {"ours": ours}
        if case.naive:
            sides["naive"] = naive
        if case.vips:
            sides["vips"] = by_vips
        if case.floor:
            sides["floor"] = floor
        times = _times(data, sides)
        figures.append(median(f"{case.name}: ours", [1000 * taken for taken in times["ours"]], "ms"))
        for side, goal in (("naive", case.naive), ("vips", case.vips)):
            if goal:
                figures.append(ratio(f"{case.name}: {side} / ours", times[side], times["ours"], at_least=goal))
        if case.floor:
            figures.append(ratio(f"{case.name}: ours / floor", times["ours"], times["floor"], at_most=case.floor))
        figures.append(Figure(f"{case.name}: peak", peak_of(data), "MiB", at_most=case.memory))
    return figures


if __name__ == "__main__":
    main("preparation", measure)
