"""Records in held.json when and with which versions each row last passed, and prints a table."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tests.contracts.extensions.programs import REAL, STAND_IN
from tests.contracts.extensions.rows import FOLDER, Row

FILE = FOLDER / "held.json"


def note(program: str, rows: Sequence[Row], results: Mapping[str, list[str]]) -> None:
    """Record the rows that passed, and remove those that failed."""
    known = _read()
    for row in rows:
        entry = known.setdefault(row.id, {})
        entry.pop(program, None)
        if not results[row.id]:
            entry[program] = {"on": datetime.now(UTC).date().isoformat(), "version": row.version, "row": _print(row)}
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")


def table(rows: Sequence[Row]) -> int:
    """Print a line for each row; return 1 if one, as it is now, is not known to pass on both."""
    known, equal = _read(), 0
    for row in rows:
        held = [known.get(row.id, {}).get(program) for program in (STAND_IN, REAL)]
        cells = [_cell(row, one) for one in held]
        equal += all(one is not None and one["row"] == _print(row) for one in held)
        print(f"{row.id}\n    {STAND_IN}: {cells[0]:14}{REAL}: {cells[1]:14}{row.version}")
    print(f"\n{len(rows)} rows; {equal} hold on both.")
    return int(equal < len(rows))


def _cell(row: Row, held: Mapping[str, str] | None) -> str:
    if held is None:
        return "not seen"
    return held["on"] if held["row"] == _print(row) else "changed since"


def _print(row: Row) -> str:
    """Return a digest that shows whether a row has changed since."""
    content = json.dumps([row.given, row.when, row.then], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _read() -> dict[str, dict[str, dict[str, str]]]:
    return json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
