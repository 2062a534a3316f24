"""Compares a row's observations with its expectations."""

import asyncio
import base64
import itertools
import json
import re
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueServiceClient

from tests.contracts.extensions.programs import OutputLine, Running
from tests.contracts.extensions.world import Called

REQUEST = re.compile(r'"(?P<method>[A-Z]+) /(?P<account>[^/?]+)/(?P<rest>\S*) HTTP')


@dataclass(slots=True)
class Seen:
    """The sources of observations.

    Args:
        queues: clients of the row's accounts, by `host` and `images`.
        running: the program's runs, the last one last.
        calls: the worker's calls.
        answers: the webhooks' answers in order: status, body, headers.
        requests: returns Azurite's access log.
        accounts: the row's accounts in it, by `host` and `images`.

    """

    queues: Mapping[str, QueueServiceClient]
    accounts: Mapping[str, str]
    requests: Callable[[], str]
    calls: list[Called]
    running: list[Running] = field(default_factory=list)
    answers: list[tuple[int, str, Mapping[str, str]]] = field(default_factory=list)

    async def differences(self, then: Mapping[str, Any]) -> list[str]:
        """Return the differences from `then`."""
        found: list[str] = []
        for name, expected in then.items():
            look: Callable[[Any], Awaitable[Any]] = getattr(self, f"_{name}")
            seen = await look(expected)
            if seen != expected:
                found.append(f"{name}: {seen!r} was seen, where {expected!r} was expected")
        return found

    def lines(self) -> list[OutputLine]:
        """Return the output of all runs."""
        return [line for running in self.running for line in running.lines()]

    async def _quiet(self, expected: float) -> float:
        return expected  # the scene checks it

    async def _calls(self, expected: int | list[str]) -> object:
        if isinstance(expected, int):
            return len(self.calls)
        words = [f"{call.function} {_short(call.data)}".strip() for call in self.calls]
        return words if words == expected else sorted(words) if sorted(words) == sorted(expected) else words

    async def _data(self, expected: Any) -> object:
        data = self.calls[-1].data if self.calls else None
        if isinstance(data, dict) and "content" in data and isinstance(expected, dict):
            data = {**data, "content": json.loads(data["content"])}
        return _like(data, expected)

    async def _told(self, expected: Mapping[str, Any]) -> object:
        bindings = self.calls[-1].bindings if self.calls else {}
        values = {n: json.loads(v["json"]) if isinstance(v, dict) and "json" in v else v for n, v in bindings.items()}
        return _like(values, expected)

    async def _queues(self, expected: Mapping[str, Any]) -> object:
        return {name: await self._queue(name, wanted) for name, wanted in expected.items()}

    async def _queue(self, name: str, wanted: object) -> object:
        account, _, queue = name.rpartition(":")
        client = self.queues[account or "host"].get_queue_client(queue)
        try:
            count = (await client.get_queue_properties()).approximate_message_count or 0
            lying = await client.peek_messages(max_messages=32)
        except ResourceNotFoundError:
            return "absent"
        if not isinstance(wanted, dict):
            return count if isinstance(wanted, int) else "there"
        seen: dict[str, Any] = {"visible": len(lying), "hidden": count - len(lying)}
        if lying:
            first = lying[0]
            lives = first.expires_on - first.inserted_on if first.expires_on and first.inserted_on else None
            seen |= {"raw": first.content, "days": lives.days if lives else None, "tries": first.dequeue_count}
            seen["text"] = _decoded(first.content)
            seen["json"] = _like(_parsed(seen["text"]), wanted.get("json"))
        return {key: seen.get(key) for key in wanted}

    async def _answers(self, expected: list[Any]) -> list[Any]:
        return [
            _answer(answer, wanted) for answer, wanted in itertools.zip_longest(self.answers, expected, fillvalue=None)
        ]

    async def _log(self, expected: Mapping[str, int | str]) -> Mapping[str, int | str]:
        lines = [str(line) for line in self.lines()]
        return {part: _times(sum(part in line for line in lines), times) for part, times in expected.items()}

    async def _ends(self, expected: int | str) -> int | str:
        code = self.running[-1].process.returncode if self.running else None
        return "no" if code is None else 128 - code if code < 0 else code

    async def _requests(self, expected: Mapping[str, int | str]) -> Mapping[str, int | str]:
        names = {account: name for name, account in self.accounts.items()}
        made = [
            f"{match['method']} {names[match['account']]}/{match['rest']}"
            for match in REQUEST.finditer(await asyncio.to_thread(self.requests))
            if match["account"] in names
        ]
        return {start: _times(sum(one.startswith(start) for one in made), times) for start, times in expected.items()}

    async def _gaps(self, expected: list[float]) -> object:
        """Seconds from the end of a call to the beginning of the next one: at least, at most."""
        gaps = [later.begun - earlier.ended[0] for earlier, later in itertools.pairwise(self.calls) if earlier.ended]
        return expected if gaps and all(expected[0] <= gap <= expected[1] for gap in gaps) else gaps

    async def _at_once(self, expected: int) -> int:
        """The most calls that ran at the same time."""
        edges = [(call.begun, 1) for call in self.calls] + [(end, -1) for call in self.calls for end in call.ended]
        return max(itertools.accumulate(step for _, step in sorted(edges)), default=0)


def _times(count: int, expected: int | str) -> int | str:
    """Return the count, or `some` if the row does not count."""
    return "some" if expected == "some" and count else count


def _like(value: Any, expected: Any) -> Any:
    """Return only the expected members of an object."""
    if isinstance(expected, dict) and isinstance(value, dict):
        return {name: _like(value.get(name), one) for name, one in expected.items()}
    return value


def _answer(answer: tuple[int, str, Mapping[str, str]] | None, wanted: Any) -> object:
    if answer is None or not isinstance(wanted, dict):
        return answer[0] if answer else None
    status, body, headers = answer
    seen = {name.lower(): value for name, value in headers.items()} | {"status": status, "body": body}
    return {name: seen.get(name.lower()) for name in wanted}


def _short(data: Any) -> str:
    if isinstance(data, dict) and "content" in data:
        message = json.loads(data["content"])
        return f"{message['ContainerName']}/{message['BlobName']}"
    if isinstance(data, dict) and "bytes" in data:
        return f"bytes {data['bytes']}"
    return str(data.get("id", "")) if isinstance(data, dict) else str(data)


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return None


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except ValueError:
        return None


def unquoted(url: str) -> str:
    """Return a URL without escapes."""
    return urllib.parse.unquote(url)
