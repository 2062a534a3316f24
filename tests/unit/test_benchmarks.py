"""`make bench` runs all that there is to its end."""

import sys
from pathlib import Path

from benchmarks.__main__ import FOLDER, commands, run


def _python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_one_that_misses_its_goal_does_not_stop_the_others(tmp_path: Path) -> None:
    last = tmp_path / "last"
    wrong = run(
        {
            "missed": _python("raise SystemExit(1)"),
            "broken": _python("raise SystemExit(3)"),
            "endless": _python("import time; time.sleep(60)"),
            "last": _python(f"open({str(last)!r}, 'w')"),
        },
        longest=2,
    )
    assert wrong == {"missed": "missed a goal", "broken": "failed with 3", "endless": "came to no end in 2 s"}
    assert last.exists()


def test_each_benchmark_is_run_and_checked() -> None:
    named = {each.stem for each in FOLDER.glob("*.py") if 'if __name__ == "__main__":' in each.read_text("utf-8")}
    packages = {each.parent.name for each in FOLDER.glob("*/__main__.py")}
    assert "peers" in packages
    assert commands().keys() == named - {"__main__"} | packages
    assert all(command[-1] == "--check" for command in commands().values())
