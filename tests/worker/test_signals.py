"""A signal ends work that waits to write its output, in plain code and in an event loop."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.children import ROOT
from tests.pipes import full_pipe

PLAIN = """
from local import signals
signals.end_on_signals()
open(READY, "w").close()
print("x" * 100_000, flush=True)
"""
LOOP = """
from local import signals
signals.end_on_signals()
async def work():
    open(READY, "w").close()
    print("x" * 100_000, flush=True)
    while True:
        await asyncio.sleep(1)
import asyncio
signals.run(work())
"""
AT_THE_END = """
import atexit
from local import signals
signals.end_on_signals()
atexit.register(print, "x" * 100_000)
open(READY, "w").close()
while True:
    pass
"""


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request: pytest.FixtureRequest) -> signal.Signals:
    return signal.Signals(request.param)


@pytest.mark.parametrize("code", [PLAIN, LOOP, AT_THE_END], ids=["plain", "loop", "at_the_end"])
def test_a_signal_ends_work_whose_output_is_not_read(code: str, number: signal.Signals, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with full_pipe() as output:
        process = subprocess.Popen(
            [sys.executable, "-c", f"READY = {str(ready)!r}\n{code}"], cwd=ROOT, stdout=output, stderr=output
        )
        try:
            while not ready.exists():
                assert process.poll() is None
            process.send_signal(number)
            assert process.wait(10) == 128 + number
        finally:
            process.kill()
            process.wait()
