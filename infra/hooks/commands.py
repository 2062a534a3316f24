"""How the hooks call `az` and `azd`, wait, and speak to people. Standard library only, any Python from 3.11."""

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

_KEY = re.compile(r"(\b(?:code|sig|key)=)[^&\s\"']+", re.IGNORECASE)
_LONGEST = 600
_INSTALL = {
    "az": "https://learn.microsoft.com/cli/azure/install-azure-cli",
    "azd": "https://aka.ms/azd-install",
}

T = TypeVar("T")


class Stop(Exception):
    """Ends a hook: what is wrong in a sentence, and the command that mends it."""

    def __init__(self, sentence: str, *command: str) -> None:
        super().__init__(f"{sentence}\n  {printed(*command)}" if command else sentence)


class Failed(Exception):
    """A command ended with an error; the text is what it said."""


def printed(*words: str) -> str:
    """The command as it can be pasted into a shell."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


@dataclass(frozen=True)
class Azure:
    """`az` and `azd`, as found on the PATH of `environ` (on Windows `az.cmd`), always for azd's own subscription."""

    environ: Mapping[str, str]

    def az(self, *words: str) -> Any:
        """What a command answers, read as JSON; None where it says nothing.

        Raises:
            Failed: with what it said.
            Stop: `az` is not installed.
        """
        said = self._run(*self.words(*words), "--only-show-errors", "--output", "json")
        return json.loads(said) if said.strip() else None

    def azd(self, *words: str) -> str:
        """What a command of azd answers. Raises as `az` does."""
        return self._run("azd", *words)

    def words(self, *words: str) -> tuple[str, ...]:
        """A command of `az` in full, as it is run and as it is printed."""
        subscription = self.environ.get("AZURE_SUBSCRIPTION_ID", "")
        return ("az", *words, *(("--subscription", subscription) if subscription else ()))

    @staticmethod
    def named(resources: Iterable[Mapping[str, Any]] | None, name: str, group: str) -> Mapping[str, Any] | None:
        """The resource of this name, in this group if one is said; case does not matter to Azure."""
        for resource in resources or []:
            if resource["name"].lower() == name.lower() and group.lower() in {"", resource["resourceGroup"].lower()}:
                return resource
        return None

    @staticmethod
    def absent(kind: str, name: str, group: str) -> str:
        """The sentence for a resource that is nowhere; the command after it lists those that are."""
        where = f"the resource group {group}" if group else "this subscription"
        return f"There is no {kind} {name} in {where}; there are:"

    def _run(self, program: str, *words: str) -> str:
        path = shutil.which(program, path=self.environ.get("PATH"))
        if path is None:
            raise Stop(f"{program} is not on the PATH; install it: {_INSTALL[program]}")
        # Extensions such as log-analytics are installed without a question.
        environ = {**self.environ, "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "yes_without_prompt"}
        done = subprocess.run(
            [path, *words], env=environ, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        if done.returncode:
            raise Failed(_meant(done.stderr) or f"{program} ended with {done.returncode}")
        return done.stdout


@dataclass(frozen=True)
class Clock:
    """Waits; tests bring one that only says so."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def until(self, attempt: Callable[[], T | None], *, seconds: float, pause: float) -> T:
        """What `attempt` gives in the end; it is tried again where it gives nothing or a command fails.

        Raises:
            Failed: nothing came within `seconds`; with what was said last.
        """
        deadline, said = self.now() + seconds, ""
        while True:
            try:
                if (found := attempt()) is not None:
                    return found
            except Failed as failure:
                said = str(failure)
            if self.now() >= deadline:
                raise Failed(said)
            self.sleep(pause)


def run(hook: Callable[[], None]) -> None:
    """Runs a hook: its end is an exit code, and a sentence where it is not 0."""
    for stream in (sys.stdout, sys.stderr):  # shown at once, in whatever a terminal can show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="replace")
    try:
        hook()
    except (Stop, Failed) as end:
        sys.exit(f"\n{end}")
    except KeyboardInterrupt:
        sys.exit(130)


def _meant(error: str) -> str:
    """What a command said, short, and without what could be a key."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return _KEY.sub(r"\1***", " ".join(lines))[:_LONGEST]
