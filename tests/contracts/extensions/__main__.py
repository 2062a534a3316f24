"""Plays rows by hand: `python -m tests.contracts.extensions [--program P] [--fast] [--note] [--table] [WORDS]`.

`--table` plays nothing: it prints where, when and with which version each row last passed. WORDS: only rows whose topic
or name contains them.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.contracts.extensions import history, programs
from tests.contracts.extensions.playing import play
from tests.contracts.extensions.rows import Row, everything


def main() -> int:
    """Read the command line; return 1 if a row failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.contracts.extensions")
    parser.add_argument("--program", choices=[programs.STAND_IN, programs.REAL, "both"], default="both")
    parser.add_argument("--fast", action="store_true", help="only the rows that take no more than two seconds")
    parser.add_argument("--note", action="store_true", help="write down what held, for the table")
    parser.add_argument("--jobs", type=int, default=6, help="rows at a time")
    parser.add_argument("--table", action="store_true", help="print what is known of all rows")
    parser.add_argument("words", nargs="*", help="only rows with one of these words")
    given = parser.parse_args()
    if given.table:
        return history.table(everything())
    rows = [row for row in everything() if _wanted(row, given)]
    chosen = [programs.STAND_IN, programs.REAL] if given.program == "both" else [given.program]
    if programs.REAL in chosen:
        try:
            programs.real_program()
        except LookupError as error:
            print(error.args[0], file=sys.stderr)
            return 1
    failed = [row for program in chosen for row in asyncio.run(_play(rows, program, given))]
    return int(bool(failed) or not rows)


def _wanted(row: Row, given: argparse.Namespace) -> bool:
    return (row.is_fast or not given.fast) and (not given.words or any(word in row.id for word in given.words))


async def _play(rows: list[Row], program: str, given: argparse.Namespace) -> list[str]:
    begun = time.monotonic()

    def report(row: Row, found: list[str], seconds: float) -> None:
        print(f"{'differs' if found else 'holds':8}{program:12}{seconds:6.1f} s  {row.id}", flush=True)
        for difference in found:
            print(f"        {difference}")

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        results = await play(rows, program, Path(folder), jobs=given.jobs, report=report)
    held = [row for row in rows if not results[row.id]]
    print(f"{program}: {len(held)} of {len(rows)} rows hold, in {time.monotonic() - begun:.0f} s")
    if given.note:
        history.note(program, rows, results)
    return [row.id for row in rows if results[row.id]]


if __name__ == "__main__":
    sys.exit(main())
