"""The worker process that prepares pictures: `python -m describer.vision.imaging.worker`, started by pool.py.

It reads requests from standard input until the end of input. It gets neither settings nor keys.
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
"""Bytes of memory above a picture's own limit, for thread stacks and libraries."""
_LINUX: Final = sys.platform == "linux"


def main() -> None:
    """Answer requests one by one."""
    requests, answers = _channels()
    if _LINUX:
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # the kernel kills this process first, not the app
    while line := requests.readline():
        request = wire.PreparationRequest.read(line)
        answers.write(_answer(request, requests.read(request.size)))
        answers.flush()


def _channels() -> tuple[IO[bytes], IO[bytes]]:
    """Return the streams for requests and answers, and discard everything that libraries print."""
    answers = os.fdopen(os.dup(1), "wb")
    discard = os.open(os.devnull, os.O_WRONLY)
    os.dup2(discard, 1)
    os.dup2(discard, 2)
    return sys.stdin.buffer, answers


def _answer(request: wire.PreparationRequest, data: bytes) -> bytes:
    _bound_memory(request.decode_memory)
    die_after()
    try:
        model = family(request.family)
        assert model is not None  # noqa: S101 - the name comes from the table
        sizes = Sizes(model, request.detail, request.max_tokens, request.photo_tokens, request.text_tokens)
        image = prepare(data, sizes, Limits(request.max_bytes, request.decode_memory))
    except ImageRejected as rejection:
        return wire.rejected(rejection, _pages(1))
    except Exception:  # noqa: BLE001 - the app logs it
        return wire.failed(traceback.format_exc(), _pages(1))
    finally:
        die_after(0)
    return wire.prepared(image, _pages(1))


def _bound_memory(budget: int) -> None:
    """Limit this process's memory, so that codecs fail with an error if an estimate was too low."""
    if _LINUX:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_pages(5) + budget + _SLACK, hard))


def _pages(column: int) -> int:
    """Return bytes by a column of /proc/self/statm (1: resident memory, 5: data and stack); 0 except on Linux."""
    if not _LINUX:
        return 0
    return int(Path("/proc/self/statm").read_text("ascii").split()[column]) * resource.getpagesize()


if __name__ == "__main__":
    main()
