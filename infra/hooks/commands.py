"""Calls `az` and `azd`, waits, and prints messages for the hooks. Standard library only, any Python from 3.11."""

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
    """Ends a hook with a sentence on the fault and the command that mends it."""

    def __init__(self, sentence: str, *command: str) -> None:
        super().__init__(f"{sentence}\n  {printed(*command)}" if command else sentence)


class Failed(Exception):
    """A command failed; the text is its message."""


def printed(*words: str) -> str:
    """The command for pasting into a shell."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


@dataclass(frozen=True)
class Azure:
    """`az` and `azd`, as found on the PATH of `environ` (on Windows `az.cmd`), always for azd's own subscription."""

    environ: Mapping[str, str]

    def az(self, *words: str) -> Any:
        """Run a command and return its output, parsed as JSON, or None if it is empty.

        Raises:
            Failed: with its message.
            Stop: `az` is not installed.
        """
        said = self._run(*self.words(*words), "--only-show-errors", "--output", "json")
        return json.loads(said) if said.strip() else None

    def azd(self, *words: str) -> str:
        """Run a command of azd and return its output. Raises as `az` does."""
        return self._run("azd", *words)

    def words(self, *words: str) -> tuple[str, ...]:
        """Return a whole command of `az`, to run and to print."""
        subscription = self.environ.get("AZURE_SUBSCRIPTION_ID", "")
        return ("az", *words, *(("--subscription", subscription) if subscription else ()))

    @staticmethod
    def named(resources: Iterable[Mapping[str, Any]] | None, name: str, group: str) -> Mapping[str, Any] | None:
        """Return the resource of this name, in this group if given; names are case-insensitive."""
        for resource in resources or []:
            if resource["name"].lower() == name.lower() and group.lower() in {"", resource["resourceGroup"].lower()}:
                return resource
        return None

    @staticmethod
    def absent(kind: str, name: str, group: str) -> str:
        """Return the message for a resource that does not exist, with the command that lists the existing ones."""
        where = f"the resource group {group}" if group else "this subscription"
        return f"There is no {kind} {name} in {where}; there are:"

    def _run(self, program: str, *words: str) -> str:
        path = shutil.which(program, path=self.environ.get("PATH"))
        if path is None:
            raise Stop(f"{program} is not on the PATH; install it: {_INSTALL[program]}")
        # Extensions such as log-analytics are installed without asking.
        environ = {**self.environ, "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "yes_without_prompt"}
        done = subprocess.run(
            [path, *words], env=environ, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        if done.returncode:
            raise Failed(_meant(done.stderr) or f"{program} ended with {done.returncode}")
        return done.stdout


@dataclass(frozen=True)
class Clock:
    """Waits; tests pass one that does not."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def until(self, attempt: Callable[[], T | None], *, seconds: float, pause: float) -> T:
        """Return the result of `attempt`; repeat it while it returns nothing or a command fails.

        Raises:
            Failed: no result within `seconds`; with the last message.
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
    """Run a hook and return its exit code; print a message unless it is 0."""
    for stream in (sys.stdout, sys.stderr):  # unbuffered, with characters that a terminal can show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="replace")
    try:
        hook()
    except (Stop, Failed) as end:
        sys.exit(f"\n{end}")
    except KeyboardInterrupt:
        sys.exit(130)


def _meant(error: str) -> str:
    """Return a command's message, shortened, without possible keys."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return _KEY.sub(r"\1***", " ".join(lines))[:_LONGEST]
