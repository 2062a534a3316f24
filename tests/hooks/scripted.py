"""An `az` and an `azd` that answer from a script: real programs on a PATH of their own, which record each call."""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = """#!PYTHON -IS
import json, pathlib, sys
here = pathlib.Path(sys.argv[0]).parent
call = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]
files = {}
for option in ("--file", "--src"):
    if option in call and pathlib.Path(call[call.index(option) + 1]).is_file():
        files[option] = pathlib.Path(call[call.index(option) + 1]).read_bytes().hex()
with (here / "calls").open("a") as calls:
    print(json.dumps({"words": call, "files": files}), file=calls)
rules = json.loads((here / "script").read_text())
for rule in rules:
    if rule["times"] != 0 and all(word in call for word in rule["words"]):
        rule["times"] -= 1
        (here / "script").write_text(json.dumps(rules))
        if rule["file"] is not None:
            pathlib.Path(call[call.index("--file") + 1]).write_text(rule["file"])
        sys.stdout.write(rule["out"])
        sys.stderr.write(rule["err"])
        sys.exit(rule["code"])
sys.exit(f"ERROR: not in the script: {call}")
"""


@dataclass
class Scripted:
    """Rules are tried in order; the first one whose words all occur in the call and which is not used up answers it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    _rules: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("az", "azd"):
            (self.folder / name).write_text(PROGRAM.replace("PYTHON", sys.executable), encoding="utf-8")
            (self.folder / name).chmod(0o755)
        self.environ["PATH"] = str(self.folder)
        self.on()

    def on(
        self,
        *words: str,
        says: object = None,
        prints: str = "",
        fails: str = "",
        times: int = -1,
        file: str | None = None,
    ) -> None:
        """Adds a rule: a call with all `words` gets JSON, a text, a file, or an error; `times` often, or always."""
        if words:
            out = prints if says is None else json.dumps(says)
            err = f"ERROR: {fails}\n" if fails else ""
            rule = {"words": words, "times": times, "out": out, "err": err, "code": 1 if fails else 0, "file": file}
            self._rules.append(rule)
        (self.folder / "script").write_text(json.dumps(self._rules), encoding="utf-8")

    def calls(self, *words: str) -> list[list[str]]:
        """The calls so far in which all `words` occur."""
        return [call["words"] for call in self._noted() if set(words) <= set(call["words"])]

    def files(self, *words: str) -> list[bytes]:
        """Return the contents of the files that these calls name."""
        noted = [call for call in self._noted() if set(words) <= set(call["words"])]
        return [bytes.fromhex(content) for call in noted for content in call["files"].values()]

    def _noted(self) -> list[dict[str, Any]]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


@dataclass
class Waiting:
    """A clock that moves by waiting, so that ten minutes take no time; with `speed` they take fewer tries too."""

    time: float = 0.0
    speed: float = 1.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds * self.speed

    def now(self) -> float:
        return self.time


def hook(name: str) -> list[str]:
    """The command by which azd would run a hook, but without any installed package."""
    return [sys.executable, "-I", "-S", str(Path(__file__).parents[2] / "infra" / "hooks" / f"{name}.py")]


def bare(environ: dict[str, str]) -> dict[str, str]:
    """A hook's environment: what the script and Python need, nothing else of this process."""
    return {**{name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}, **environ}
