"""Runs a command that must not outlive its parent process: `python -m local.child [--grace S] -- CMD...`.

The parent holds the other end of this process's standard input. However the parent ends (an exception, Ctrl-C, SIGTERM,
even SIGKILL), the operating system closes that pipe, and this process ends the command, on Linux and macOS alike.
Start it in a session of its own, as local/children.py does: then Ctrl-C in the terminal reaches the parent only, which
ends its children in order.

Imports nothing but the standard library, so that `python -I -S` starts it in about 20 ms.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading


def main(arguments: list[str] | None = None) -> int:
    """Run the command, or end it, and return its exit code (128 + n if signal n ended it)."""
    parser = argparse.ArgumentParser(prog="python -m local.child")
    parser.add_argument(
        "--grace", type=float, default=8.0, help="seconds between asking the command to end and killing it"
    )
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)

    wanted = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: wanted.set())
    child = subprocess.Popen(options.command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_wait_for_end_of_input, args=(wanted,), daemon=True).start()
    threading.Thread(target=_end_when_wanted, args=(child, wanted, options.grace), daemon=True).start()

    code = child.wait()
    _kill_group(child)  # processes that the command started and left behind
    return 128 - code if code < 0 else code


def _wait_for_end_of_input(wanted: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    wanted.set()


def _end_when_wanted(child: subprocess.Popen[bytes], wanted: threading.Event, grace: float) -> None:
    wanted.wait()
    child.terminate()
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    # macOS answers EPERM if only zombies are left in the group.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
