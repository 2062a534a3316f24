"""`make demo`: `python -m local.demo`, with MODEL_PROVIDER (local, azure, openai) and PICTURES in the environment."""

import argparse
import os
import sys
import traceback
from pathlib import Path

from local import signals
from local.children import ROOT, ChildFailed
from local.demo import first_question
from local.demo.provider import Unusable, choose
from local.demo.run import Run, chosen
from local.demo.screen import Screen, printable
from local.stack import AlreadyRunning


def main(arguments: list[str] | None = None) -> int:
    """Run the demo.

    Returns:
        0: every picture has a record. 1: one has none, or something failed. 2: the demo could not start.

    Raises:
        SystemExit: a signal ended it, with 128 and the signal's number.

    """
    options = _options(arguments)
    signals.end_on_signals()
    screen = Screen()
    try:
        provider, pictures = choose(os.environ, options.answers), chosen(os.environ.get("PICTURES", ""))
        if provider.command is None:
            first_question.ask(provider)
        return Run(provider, pictures, options, screen).all()
    except Unusable as error:
        return _sorry(error, 2)
    except AlreadyRunning:
        return _sorry("`make start` or another `make demo` runs in this folder: end it first.", 1)
    except ChildFailed as error:
        return _sorry(without_trace(str(error)), 1)
    except OSError as error:
        return _sorry(f"{error.filename}: {error.strerror}" if error.filename else error, 1)
    except Exception:  # noqa: BLE001 - a demo shows no stack trace
        return _sorry(f"The demo failed by a fault of its own, please report it with {_note(options.state)}", 1)


def without_trace(report: str) -> str:
    """Remove Python's stack traces from the end of a child's log, and keep the exceptions' messages."""
    lines = report.splitlines()
    frames = ("Traceback (most", 'File "', "^", "~")
    kept = [line for line in lines[1:] if not line.strip().startswith(frames) and not _is_source(line)]
    return "\n".join(printable(line) for line in [*lines[:1], *kept])


def _is_source(line: str) -> bool:
    return line.startswith(" " * 8)  # the report indents by four, and the trace indents its source by four more


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--answers", choices=("vision", "script"), default="vision", help=argparse.SUPPRESS)
    parser.add_argument("--state", type=Path, default=ROOT / ".local", help="a folder for logs and certificates")
    parser.add_argument("--out", type=Path, default=ROOT / ".demo", help="the folder for the results")
    parser.add_argument(
        "--timeout", type=float, default=180, help="seconds without any new record, after which it gives up"
    )
    return parser.parse_args(arguments)


def _sorry(why: object, code: int) -> int:
    print(why, file=sys.stderr)
    return code


def _note(state: Path) -> Path:
    file = state / "logs/demo.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(traceback.format_exc(), "utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
