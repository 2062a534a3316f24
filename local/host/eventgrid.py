"""What the Event Grid extension does between a request of Event Grid and the call of a function.

Read in its source (Azure/azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.EventGrid): each event of a request is
a call of its own, all beside each other, within the request. If one fails, the answer is 500, and Event Grid sends the
whole request again. Nothing is queued here: what has not ended when Event Grid stops waiting runs on, and comes again.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.host import worker
from local.host.worker import Function, FunctionFailed, Message

log = logging.getLogger("host.eventgrid")

BOUND = 30.0  # seconds that Event Grid waits for an answer

PUBLIC = "eventgrid.azure.net"
ORIGINS = frozenset({PUBLIC, "eventgrid.azure.us", "eventgrid.azure.cn"})

type Invoke = Callable[[Function, Message, Mapping[str, Message]], Awaitable[object]]


@dataclass(slots=True)
class EventGridTriggers:
    """All Event Grid triggers of the app, by name.

    Args:
        functions: by the name with which the webhook calls them.
        invoke: runs a function.
        bound: seconds after which a request is answered, whatever still runs.

    """

    functions: dict[str, Function] = field(default_factory=dict)
    invoke: Invoke = worker.invoke
    bound: float = BOUND
    _running: set[asyncio.Task[str | None]] = field(default_factory=set)

    def add(self, function: Function) -> None:
        """Take a function with an Event Grid trigger."""
        self.functions[function.name] = function

    async def run(self, name: str, events: list[Mapping[str, Any]]) -> str | None:
        """Call the function once for each event, and say what failed; None: nothing did."""
        if not events:
            return None
        tasks = [asyncio.create_task(self._call(self.functions[name], event)) for event in events]
        for task in tasks:
            self._running.add(task)  # the loop itself holds tasks weakly
            task.add_done_callback(self._running.discard)
        ended, late = await asyncio.wait(tasks, timeout=self.bound)
        if late:
            log.warning("%s has not ended within %.0f s: Event Grid sends it again, and it runs on", name, self.bound)
            return f"{name} has not ended in time"
        return next((failure for task in ended if (failure := task.result())), None)

    async def _call(self, function: Function, event: Mapping[str, Any]) -> str | None:
        """Call it and say how it failed, if it did: nobody may be there to catch what it raises."""
        try:
            await self.invoke(function, worker.as_json(event), {"data": worker.as_json(event.get("data"))})
        except FunctionFailed as error:
            log.warning("%s failed, Event Grid shall try again: %s", function.name, error)
            log.debug("%s", error.trace)
            return str(error)
        return None


def allowed_origin(asked: str | None) -> str:
    """Answer `WebHook-Request-Origin`: Event Grid's own origins are allowed, and no other."""
    return asked if asked in ORIGINS else PUBLIC


def validation_code(body: Any) -> str:
    """Read the code of a handshake: from an array of one, or an object whose data is JSON within JSON.

    Raises:
        KeyError, IndexError, TypeError, ValueError: it is not there.

    """
    if isinstance(body, list):
        return str(body[0]["data"]["validationCode"])
    data = body["data"]
    return str((json.loads(data) if isinstance(data, str) else data)["validationCode"])
