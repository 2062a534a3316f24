"""The Bicep compiler: by the variable BICEP, as `bicep` on PATH, or as `az bicep`.

`python -m tests.infra.compiler` says which, and exits with 1 where there is none.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
PARAMETERS = sorted((INFRA / "params").glob("*.bicepparam"))
SUBSCRIPTIONS = sorted((INFRA / "params" / "subscriptions").glob("*.bicepparam"))
NONE = "no Bicep compiler: set BICEP to one, or put `bicep` or `az` (with `az bicep install`) on PATH"


def label(path: Path, infra: Path = INFRA) -> str:
    """How a parameter file is called, such as `dev` or `subscriptions/queue`."""
    return str(path.relative_to(infra / "params").with_suffix(""))


@dataclass(frozen=True, slots=True)
class Done:
    """What the compiler printed for people (any line of it is a fault), and what it made."""

    lines: list[str]
    status: int
    output: str


@dataclass(frozen=True, slots=True)
class Compiler:
    """A way to call it."""

    command: tuple[str, ...]

    def lint(self, path: Path) -> Done:
        """Lints a file and the modules that it uses."""
        return self._run("lint", str(path))

    def build(self, path: Path) -> Done:
        """Makes the template for Azure Resource Manager."""
        return self._run("build", str(path), "--stdout")

    def format(self, folder: Path) -> Done:
        """Formats all files of a folder, in place."""
        return self._run("format", "--pattern", f"{folder}/**/*.bicep*")

    def snapshot(self, path: Path, mode: str) -> Done:
        """Writes (`overwrite`) or compares (`validate`) the predicted resources beside a parameter file."""
        group = ["--resource-group", "rg-example"] if path.parent.name == "subscriptions" else []
        place = ["--subscription-id", "00000000-0000-0000-0000-000000000001", "--location", "swedencentral"]
        return self._run("snapshot", str(path), "--mode", mode, *place, *group)

    def _run(self, *arguments: str) -> Done:
        told = os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}  # else it looks for ICU
        done = subprocess.run(
            [*self.command, *arguments], env=told, capture_output=True, text=True, check=False, timeout=120
        )
        lines = [line for line in done.stderr.splitlines() if line.strip() and "experimental" not in line.lower()]
        return Done(lines, done.returncode, done.stdout)


def find() -> Compiler | None:
    """The compiler, or None."""
    given = os.environ.get("BICEP", "")
    if given:
        return Compiler((given,)) if shutil.which(given) else None
    if bicep := shutil.which("bicep"):
        return Compiler((bicep,))
    if (az := shutil.which("az")) and _works([az, "bicep", "version"]):
        return Compiler((az, "bicep"))
    return None


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


if __name__ == "__main__":
    compiler = find()
    print(" ".join(compiler.command) if compiler else NONE)
    sys.exit(compiler is None)
