"""Writes the committed snapshots again: `python -m tests.infra.snapshots`, or `make snapshots`."""

import sys

from tests.infra import compiler


def main() -> int:
    """Exit status: 1 where there is no compiler, or where it says anything."""
    bicep = compiler.find()
    if bicep is None:
        print(compiler.NONE)
        return 1
    lines: list[str] = []
    with bicep.session() as session:
        for path in (*compiler.PARAMETERS, *compiler.SUBSCRIPTIONS):
            lines += (found := session.findings(path))
            if not found:
                compiler.snapshot_of(path).write_text(session.snapshot(path), encoding="utf-8")
    if lines:
        print(*lines, sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
