"""The process that prepares pictures: `python -m describer.vision.imaging.worker`, started by pool.py.

It reads requests from its standard input until that ends, and holds no secret: neither settings nor keys reach it.
"""

import os
import resource
import sys
import traceback
from pathlib import Path
from typing import IO, Final

from describer.domain.errors import ImageRejected
from describer.vision.families import family
from describer.vision.imaging import wire
from describer.vision.imaging.render import prepare
from describer.vision.imaging.values import MIB, Limits
from describer.vision.imaging.watchdog import die_after
from describer.vision.sizing import Sizes

_SLACK: Final = 128 * MIB
"""Above a picture's own budget: stacks of threads, and what libraries keep."""
_LINUX: Final = sys.platform == "linux"


def main() -> None:
    """Answers one request after the other."""
    requests, answers = _channels()
    if _LINUX:
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # where memory runs out, this goes and not the app
    while line := requests.readline():
        request = wire.PreparationRequest.read(line)
        answers.write(_answer(request, requests.read(request.size)))
        answers.flush()


def _channels() -> tuple[IO[bytes], IO[bytes]]:
    """Where requests come from and answers go; what libraries print from now on goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return sys.stdin.buffer, answers


def _answer(request: wire.PreparationRequest, data: bytes) -> bytes:
    _bound_memory(request.decode_memory)
    die_after()
    try:
        model = family(request.family)
        assert model is not None  # noqa: S101 - its own name names it
        sizes = Sizes(model, request.detail, request.max_tokens, request.photo_tokens, request.text_tokens)
        image = prepare(data, sizes, Limits(request.max_bytes, request.decode_memory))
    except ImageRejected as refusal:
        return wire.refused(refusal, _pages(1))
    except Exception:  # noqa: BLE001 - the app tells it
        return wire.failed(traceback.format_exc(), _pages(1))
    finally:
        die_after(0)
    return wire.prepared(image, _pages(1))


def _bound_memory(budget: int) -> None:
    """Where estimates err, the kernel refuses memory, and codecs say so."""
    if _LINUX:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_pages(5) + budget + _SLACK, hard))


def _pages(column: int) -> int:
    """Bytes by a column of /proc/self/statm: 1 is resident memory, 5 is data and stack; 0 elsewhere than on Linux."""
    if not _LINUX:
        return 0
    return int(Path("/proc/self/statm").read_text("ascii").split()[column]) * resource.getpagesize()


if __name__ == "__main__":
    main()
