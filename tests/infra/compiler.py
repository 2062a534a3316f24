"""Finds the Bicep compiler: by the variable BICEP, as `bicep` on PATH, or where `az bicep install` puts it.

`python -m tests.infra.compiler` prints it, and exits with 1 if there is none.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.infra.session import ENVIRONMENT, Session

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
PARAMETERS = sorted((INFRA / "params").glob("*.bicepparam"))
SUBSCRIPTIONS = sorted((INFRA / "params" / "subscriptions").glob("*.bicepparam"))
ENTRIES = [INFRA / "main.bicep", INFRA / "modules" / "event-subscription.bicep"]
NONE = "no Bicep compiler: set BICEP to one, put `bicep` on PATH, or run `az bicep install`"


def label(path: Path, infra: Path = INFRA) -> str:
    """Return a parameter file's name, such as `dev` or `subscriptions/queue`."""
    return str(path.relative_to(infra / "params").with_suffix(""))


def snapshot_of(path: Path) -> Path:
    """The snapshot beside a parameter file."""
    return path.with_suffix(".snapshot.json")


@dataclass(frozen=True, slots=True)
class Done:
    """What the compiler printed for people (any line of it is a fault), and what it made."""

    lines: list[str]
    status: int
    output: str


@dataclass(frozen=True, slots=True)
class Compiler:
    """The program, called by its command line."""

    command: str

    def lint(self, path: Path) -> Done:
        """Lints a file and the modules that it uses."""
        return self._run("lint", str(path))

    def build(self, path: Path) -> Done:
        """Makes the template for Azure Resource Manager."""
        return self._run("build", str(path), "--stdout")

    def format(self, folder: Path) -> Done:
        """Formats all files of a folder, in place."""
        return self._run("format", "--pattern", f"{folder}/**/*.bicep*")

    def session(self) -> Session:
        """One process that predicts what parameter files would create."""
        return Session(self.command)

    def _run(self, *arguments: str) -> Done:
        done = subprocess.run(
            [self.command, *arguments],
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Done([line for line in done.stderr.splitlines() if line.strip()], done.returncode, done.stdout)


def find() -> Compiler | None:
    """The compiler, or None."""
    given = os.environ.get("BICEP", "")
    azure = Path(os.environ.get("AZURE_CONFIG_DIR", Path.home() / ".azure"))
    for name in [given] if given else ["bicep", str(azure / "bin" / "bicep")]:
        if path := shutil.which(name):
            return Compiler(path)
    return None


if __name__ == "__main__":
    compiler = find()
    print(compiler.command if compiler else NONE)
    sys.exit(compiler is None)
