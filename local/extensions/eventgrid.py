"""Event Grid triggers: each event of a request is a call; all run concurrently, within the request."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from local.extensions.functions import Function
from local.extensions.invocation import Invoker, Trigger, as_json

DATE = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d:\d\d)?")
MILLISECONDS = re.compile(r"/Date\((?P<since>-?\d+)\)/")


@dataclass(frozen=True, slots=True)
class EventGridTriggers:
    """All Event Grid triggers of an app, by name."""

    functions: Mapping[str, Function]
    invoker: Invoker
    _running: set[asyncio.Task[bool]] = field(default_factory=set)

    async def ran_well(self, name: str, events: list[Any]) -> bool:
        """Call the function once for each event, and wait for all, even if the caller disconnects."""
        tasks = [asyncio.create_task(self._call(self.functions[name], event)) for event in events]
        for task in tasks:
            self._running.add(task)  # the loop keeps only weak references to tasks
            task.add_done_callback(self._running.discard)
        return all(await asyncio.gather(*tasks))

    async def _call(self, function: Function, event: Any) -> bool:
        written = rewritten(event)

        async def bind() -> Trigger:
            return Trigger(written, {"data": as_json(written.get("data"))})

        return await self.invoker.ran_well(function, "EventGrid trigger fired", bind)


def rewritten(value: Any) -> Any:
    """Reformat each text that looks like a date, as Newtonsoft.Json does by default."""
    match value:
        case dict():
            return {name: rewritten(one) for name, one in value.items()}
        case list():
            return [rewritten(one) for one in value]
        case str():
            return _date(value)
        case _:
            return value


def _date(text: str) -> str:
    if match := MILLISECONDS.fullmatch(text):
        since = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(match["since"]))
        return since.isoformat().replace("+00:00", "Z")
    match = DATE.fullmatch(text)
    if match is None:
        return text
    zone, time = match["zone"] or "", datetime.fromisoformat(match["time"])
    if zone not in {"", "Z"}:
        time, zone = datetime.fromisoformat(match["time"] + zone).astimezone(UTC).replace(tzinfo=None), "+00:00"
    fraction = (match["fraction"] or "")[:7].rstrip("0")
    return time.isoformat() + (f".{fraction}" if fraction else "") + zone
