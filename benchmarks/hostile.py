"""Files made to break readers, each prepared as the app does it: `python -m benchmarks.hostile`.

The test files of Pillow's and pillow-heif's source distributions, which pip fetches and checks by their hashes, and
of each picture some truncations and flipped bits, chosen by a seed. Counts the results; no file may end the app,
compute for over ten seconds or take much memory. No such file is kept in this repository.
"""

import asyncio
import logging
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.figures import Figure, conclude, parser
from benchmarks.memory import computing, peak
from benchmarks.preparation import TEXT_TOKENS, luna
from describer.domain.errors import ImageRejected, Transient
from describer.vision.imaging.pool import Pool
from describer.vision.imaging.values import Limits
from describer.vision.imaging.wire import Bug, PreparationRequest

SOURCES: Final = """
pillow==13.0.0 --hash=sha256:cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510
pillow-heif==1.8.1 --hash=sha256:521ebffb8a181d56c3904e5a61f20903edee0d9d3275967b8fb345f866215c06
"""
_FOLDERS: Final = ("/Tests/", "/tests/")
_SECONDS: Final = 10
_MEMORY: Final = 700
"""MiB that one process may take at most: the default budget of a picture."""
_SHARES: Final = (0.1, 0.5, 0.9, 0.99)
_LARGEST: Final = 2**20
"""Bytes of a file that is also cut and changed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one input."""

    name: str
    status: str
    seconds: float
    memory: float


def fetched(folder: Path) -> Path:
    """Fetches the distributions with pip into a folder, and unpacks their test files there."""
    wanted = folder / "wanted.txt"
    wanted.write_text(SOURCES, "utf-8")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    subprocess.run([*pip, "-d", str(folder), "-r", str(wanted)], check=True)
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            members = [one for one in tar.getmembers() if one.isfile() and any(part in one.name for part in _FOLDERS)]
            tar.extractall(folder / "files", members, filter="data")
    return folder / "files"


def inputs(folder: Path, seed: int, each: int) -> Iterator[tuple[str, bytes]]:
    """Each file, and of those that are small some truncations and `each` copies with flipped bits."""
    random = Random(seed)  # noqa: S311 - no secret
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix in {".py", ".pyc"}:
            continue
        data = path.read_bytes()
        yield path.name, data
        if not each or not 0 < len(data) <= _LARGEST:
            continue
        for share in random.sample(_SHARES, min(each, len(_SHARES))):
            yield f"{path.name}, first {share:.0%}", data[: int(len(data) * share)]
        for number in range(each):
            changed = bytearray(data)
            for _ in range(random.randint(1, 16)):
                changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
            yield f"{path.name}, changed {number}", bytes(changed)


class _Ends(logging.Handler):
    """Counts the processes that crashed, by the app's log."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += record.getMessage() == "picture.process_died"


async def outcomes(folder: Path, seed: int, each: int, most: int | None) -> tuple[list[Outcome], int]:
    """All inputs, one after the other, in processes like the app's."""
    limits, found = Limits(), []
    order = PreparationRequest(0, luna().name, "high", None, 0, TEXT_TOKENS, limits.max_bytes, limits.decode_memory)
    pool, ends = Pool(slots=1), _Ends()
    logging.getLogger("describer.vision.imaging").addHandler(ends)
    for number, (name, data) in enumerate(inputs(folder, seed, each)):
        if number == most:
            break
        before = {process: computing(process) for process in pool.processes}
        try:
            await pool.prepare(replace(order, size=len(data)), data)
            status = "prepared"
        except ImageRejected as refusal:
            status = str(refusal.status)
        except Transient:
            status = "later"
        except Bug as bug:
            status = "bug"
            print(f"{name}: {bug}")
        took = sum(computing(process) - before.get(process, 0) for process in pool.processes)
        found.append(Outcome(name, status, took, max((peak(process) for process in pool.processes), default=0)))
    await pool.close()
    return found, ends.count


def main() -> None:
    """The command line."""
    options = parser("hostile")
    options.add_argument("--folder", type=Path, help="of the unpacked files; they are fetched without it")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--each", type=int, default=3, help="truncations, and changed copies, of each file")
    options.add_argument("--most", type=int, help="inputs")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or fetched(Path(scratch))
        done, ends = asyncio.run(outcomes(folder, given.seed, given.each, given.most))
    for status, count in Counter(one.status for one in done).most_common():
        print(f"{count:6} {status}")
    for one in sorted(done, key=lambda one: -one.seconds)[:3]:
        print(f"{one.seconds:6.2f} s {one.name}: {one.status}")
    figures = [
        Figure("inputs", len(done), "files"),
        Figure("faults of ours", sum(one.status == "bug" for one in done), "files", at_most=0),
        Figure("processes that a reader ended", ends, "processes"),
        Figure("slowest", max(one.seconds for one in done), "s", at_most=_SECONDS),
        Figure("peak of a process", max(one.memory for one in done), "MiB", at_most=_MEMORY),
    ]
    conclude(figures, given)


if __name__ == "__main__":
    main()
