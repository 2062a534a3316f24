"""However a run ends, what was paid for is printed, and what was not described is named."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator

import pytest

from local.azure_openai import faults
from local.azure_openai.script import Model
from tests.cli.conftest import Shell, jpeg
from tests.cli.test_describe import by_width
from tests.storage import until

SLOW, SLOW_TOO = 300, 299
"""The widths of pictures that have no answer for a minute."""
CTRL_C, SIGTERM = (signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, "Terminated.")


@pytest.fixture
def slow(model: Model) -> Model:
    model.script.always(by_width(**{f"w{width}": faults.hang(60) for width in (SLOW, SLOW_TOO)}))
    return model


async def _lines(process: asyncio.subprocess.Process, count: int) -> AsyncIterator[str]:
    assert process.stdout is not None
    for _ in range(count):
        yield (await asyncio.wait_for(process.stdout.readline(), 60)).decode()


async def _ended(process: asyncio.subprocess.Process, by: signal.Signals) -> tuple[str, str]:
    process.send_signal(by)
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    return out.decode(), err.decode()


@pytest.mark.long
@pytest.mark.parametrize(
    ("form", "pictures", "end"),
    [((), 50, CTRL_C), (("--json",), 50, SIGTERM), (("--csv",), 6, CTRL_C), (("--html",), 6, SIGTERM)],
)
async def test_many_pictures_do_not_wait_for_the_first(
    shell: Shell, slow: Model, form: tuple[str, ...], pictures: int, end: tuple[signal.Signals, int, str]
) -> None:
    by, code, word = end
    for number in range(pictures):
        shell.picture(f"photos/{number:02d}.jpg", jpeg(SLOW + number))
    process = await shell.process("describe", "photos", *form)
    header = 1 if form == ("--csv",) else 0
    printed = [
        line async for line in _lines(process, header + pictures - 1)
    ]  # they come while the first is asked about
    out, err = await _ended(process, by)
    assert (process.returncode, out) == (code, "")
    others = {f"{number:02d}.jpg" for number in range(1, pictures)}
    assert {name for name in others for line in printed if name in line} == others
    assert f"Not described: 1 of {pictures}; 1 of them were in progress and may be charged.\n  00.jpg\n" in err
    assert err.splitlines()[-1] == word


@pytest.mark.parametrize(("form", "end"), [(("--json", "--ordered"), SIGTERM), (("--alt-only",), CTRL_C)])
async def test_what_is_held_back_for_the_order_is_printed_in_the_end(
    shell: Shell, slow: Model, form: tuple[str, ...], end: tuple[signal.Signals, int, str]
) -> None:
    by, code, word = end
    widths = [SLOW, 310, 311, 312, SLOW_TOO, 313]
    for number, width in enumerate(widths):
        shell.picture(f"{number}.jpg", jpeg(width))
    asked = len(slow.requests)
    process = await shell.process("describe", *(f"{number}.jpg" for number in range(6)), *form, MODEL_CONCURRENCY="2")
    await until(lambda: len(slow.requests) == asked + 5)  # so both slots are taken by pictures that have no answer
    out, err = await _ended(process, by)
    assert process.returncode == code
    if "--json" in form:
        assert [json.loads(line)["source"]["width"] for line in out.splitlines()] == [310, 311, 312]
    else:
        assert [line[:21] for line in out.splitlines()] == ["", *(f"A test picture of {w}" for w in (310, 311, 312))]
    assert "Not described: 3 of 6; 2 of them were in progress" in err
    assert "\n  0.jpg\n  4.jpg\n  5.jpg\n" in err
    assert err.splitlines()[-1] == word


async def test_equal_pictures_and_many_names_are_reported_briefly(shell: Shell, slow: Model) -> None:
    for number in range(30):
        shell.picture(f"photos/{number:02d}.jpg", jpeg(SLOW))
    asked = len(slow.requests)
    process = await shell.process("describe", "photos", "--json", MODEL_CONCURRENCY="1")
    await until(lambda: len(slow.requests) > asked)
    _, err = await _ended(process, signal.SIGINT)
    assert "Not described: 30 of 30" in err
    assert "  19.jpg\n  and 10 more\n" in err and "20.jpg" not in err


async def test_a_setting_that_is_found_faulty_midway_says_which_are_left(shell: Shell, model: Model) -> None:
    model.script.always(by_width(w321=faults.deployment_not_found()))
    for number in range(3):
        shell.picture(f"{number}.jpg", jpeg(320 + number))
    done = await shell.here("describe", "0.jpg", "1.jpg", "2.jpg", "--json", MODEL_CONCURRENCY="1")
    assert (done.code, [line["picture"] for line in done.lines]) == (3, ["0.jpg"])
    assert "Not described: 2 of 3" in done.err and "  1.jpg\n  2.jpg\n" in done.err


async def test_ctrl_c_while_the_program_is_loading_prints_no_traceback(shell: Shell) -> None:
    loading = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"
    shell.picture("click.py", loading.encode())  # the folder comes first among those that modules are looked for in
    process = await shell.process("describe", "a.jpg")
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert (process.returncode, out, err) == (-signal.SIGINT, b"", b"")
