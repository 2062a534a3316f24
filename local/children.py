"""Starts and ends the processes of a stack, waits until they are ready, and notices if one dies."""

import contextlib
import re
import secrets
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from local import child

ROOT = Path(__file__).parent.parent

# Requests to 127.0.0.1 never use a proxy, regardless of the environment.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


TAKEN = re.compile("EADDRINUSE|address already in use", re.IGNORECASE)  # as Node, Python and .NET say it
STARTS = 3  # attempts to start with free ports, each time others

GRACE = 8.0  # seconds between SIGTERM and SIGKILL

type Ready = Callable[[], bool]


class ChildFailed(RuntimeError):
    """A child ended by itself, or did not become ready; the text names it, its log and the log's last lines."""


class PortTaken(ChildFailed):
    """A child ended because its port is in use; another port may work."""


class Child:
    """A command under the supervision of `local.child`, which ends it when this process ends in any way.

    Args:
        name: for messages and for its log.
        command: program and arguments; the working directory is the checkout.
        environment: all of the command's environment; nothing is inherited.
        log: file for its output, emptied first.
        ready: returns whether it can be used; called every 20 ms.
        grace: seconds between SIGTERM and SIGKILL when it is ended.

    """

    def __init__(
        self,
        name: str,
        command: Iterable[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        ready: Ready,
        grace: float = GRACE,
    ) -> None:
        self.name = name
        self.log = log
        self._ready = ready
        log.parent.mkdir(parents=True, exist_ok=True)
        supervisor = [sys.executable, "-I", "-S", child.__file__, "--grace", str(grace), "--"]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*supervisor, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=ROOT,
                start_new_session=True,
            )

    def wait_until_ready(self, within: float = 60.0) -> None:
        """Wait until it can be used.

        Raises:
            ChildFailed: it ended, or was not ready within so many seconds.

        """
        deadline = time.monotonic() + within
        while not self._ready():
            self.check()
            if time.monotonic() > deadline:
                raise ChildFailed(self._report(f"was not ready within {within:.0f} s"))
            time.sleep(0.02)

    def check(self) -> None:
        """Raise ChildFailed if it has ended by itself; PortTaken if its port was in use."""
        if self.code is not None:
            kind = PortTaken if TAKEN.search(self.log.read_text("utf-8", errors="replace")) else ChildFailed
            raise kind(self._report(f"ended with exit code {self.code}"))

    def ask_to_end(self) -> None:
        """Close the pipe that keeps it running; returns at once."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def wait_for_end(self) -> None:
        """Wait until it has ended, at most for the supervisor's grace period."""
        self._process.wait()
        self.ask_to_end()  # closes our end of its pipe

    def _report(self, what: str) -> str:
        last = self.log.read_text("utf-8", errors="replace").splitlines()[-15:]
        shown = "\n".join(f"    {line}" for line in last) or "    (empty)"
        return f"{self.name} {what}. The end of its log, {self.log}:\n{shown}"


def on_free_ports[T](start: Callable[[], T]) -> T:
    """Start children on free ports; again on others if one was in use.

    Raises:
        PortTaken: each time a port was in use.

    """
    for _ in range(STARTS - 1):
        with contextlib.suppress(PortTaken):
            return start()
    return start()


def end(children: Iterable[Child]) -> None:
    """End them all concurrently, and wait for all."""
    children = list(children)
    for one in children:
        one.ask_to_end()
    for one in children:
        one.wait_for_end()


def module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this checkout with this interpreter."""
    return [sys.executable, "-m", name, *arguments]


def secret() -> str:
    """Make a secret for two children to share."""
    return secrets.token_urlsafe(24)


def opener(certificate: Path) -> urllib.request.OpenerDirector:
    """Return an opener for 127.0.0.1 over HTTPS that trusts only this certificate and uses no proxy."""
    trust = ssl.create_default_context(cafile=certificate)
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))


def answers(url: str, by: urllib.request.OpenerDirector = DIRECT) -> Ready:
    """Return a check whether a GET of this URL is answered with 200."""

    def ask() -> bool:
        try:
            with by.open(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:  # refused, reset, or another status (urllib's errors are its children)
            return False

    return ask


def says(log: Path, text: str) -> Ready:
    """Return a check whether the log contains this text."""

    def look() -> bool:
        return text in log.read_text("utf-8", errors="replace")

    return look
