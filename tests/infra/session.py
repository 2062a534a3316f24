"""One compiler process for many questions, by its JSON-RPC: it predicts an installation in 0.3 s instead of 2 s."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ENVIRONMENT = {
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",  # else the compiler looks for ICU
    "DOTNET_TieredCompilation": "0",  # the runtime's second, better compilation of itself costs more than it saves
}
_PLACE = {"subscriptionId": "00000000-0000-0000-0000-000000000001", "location": "swedencentral"}


class Stopped(RuntimeError):
    """The deployment would stop, and this is what it would say."""


@dataclass(slots=True)
class Session:
    """A context manager; the protocol is that of language servers: a header with the length, then JSON."""

    command: str
    _process: subprocess.Popen[bytes] = field(init=False)
    _asked: int = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [self.command, "jsonrpc", "--stdio"],
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def findings(self, path: Path) -> list[str]:
        """What the compiler and its linter say against a parameter file and all that it uses; any line is a fault."""
        compiled = self._ask("compileParams", path=str(path), parameterOverrides={})["result"]
        return [f"{found['code']}: {found['message']}" for found in compiled["diagnostics"]]

    def snapshot(self, path: Path) -> str:
        """What a parameter file would create, by its text as it is now.

        Raises:
            Stopped: it does not compile, or refuses what it is given.
        """
        group = "rg-example" if path.parent.name == "subscriptions" else None
        answer = self._ask("getSnapshot", path=str(path), metadata=_PLACE | {"resourceGroup": group}, externalInputs=[])
        if "error" in answer:
            raise Stopped(answer["error"]["message"])
        found = json.loads(answer["result"]["snapshot"])
        found["outputs"] = dict(sorted(found["outputs"].items()))  # their order differs from process to process
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"

    def _ask(self, method: str, **params: Any) -> Mapping[str, Any]:
        self._asked += 1
        question = {"jsonrpc": "2.0", "id": self._asked, "method": f"bicep/{method}", "params": params}
        body = json.dumps(question).encode()
        stdin, stdout = self._pipe(self._process.stdin), self._pipe(self._process.stdout)
        stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stdin.flush()
        length = 0
        while (line := stdout.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise RuntimeError(f"{self.command} jsonrpc ended at {method}")
        answer: Mapping[str, Any] = json.loads(stdout.read(length))
        return answer

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe
        return pipe
