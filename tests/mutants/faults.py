"""The faults of faults.toml."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Fault:
    """One text of a file, replaced by another.

    Args:
        what: what is wrong then, in a sentence.
        file: from the project's root.
        tests: files and folders, one of whose tests finds it.
        find, replace: the text, which is in the file once, and its replacement.
    """

    what: str
    file: str
    tests: Sequence[str]
    find: str
    replace: str

    def applied(self, root: Path = ROOT) -> str:
        """The whole file of the project at `root`, with the fault.

        Raises:
            ValueError: the file does not have the text exactly once; the code has changed, and the fault must follow.
        """
        text = (root / self.file).read_text(encoding="utf-8")
        if (times := text.count(self.find)) != 1:
            raise ValueError(f"{self.file} has the text {times} times, not once: {self.find!r}")
        return text.replace(self.find, self.replace)


def faults() -> list[Fault]:
    """All of them, in the file's order."""
    modules = tomllib.loads((ROOT / "tests" / "mutants" / "faults.toml").read_text(encoding="utf-8"))["modules"]
    return [
        Fault(file=module["file"], tests=module["tests"], **fault) for module in modules for fault in module["faults"]
    ]
