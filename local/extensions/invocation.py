"""Calls a function: prepares the data, logs, and decides if it failed."""

import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.extensions.functions import Function

log = logging.getLogger("Function")
results = logging.getLogger("Host.Results")


@dataclass(frozen=True, slots=True)
class Trigger:
    """The trigger's data for a call.

    Args:
        data: the trigger's value: text, JSON, or for a blob its reference.
        binding_data: further data: a text, `{"json": text}`, or `{"bytes": base64}`.

    """

    data: Any
    binding_data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """The data for a worker."""

    function: str
    invocation: str
    data: Any
    binding_data: Mapping[str, Any]


class CallFailed(Exception):
    """A call failed; the text says why. `trace` is the traceback, if there is one."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


type Worker = Callable[[Call], Awaitable[None]]
"""Runs a function. Raises CallFailed."""


@dataclass(frozen=True, slots=True)
class Invoker:
    """Calls functions of one worker."""

    worker: Worker

    async def ran_well(self, function: Function, reason: str, bind: Callable[[], Awaitable[Trigger]]) -> bool:
        """Bind and call; a failure is logged twice, and its reason is not passed on.

        Args:
            function: the function.
            reason: for the log.
            bind: returns the data; may raise CallFailed.

        """
        name, invocation, begun = f"Functions.{function.name}", str(uuid.uuid4()), time.monotonic()
        own = log.getChild(function.name)
        own.info("Executing '%s' (Reason='%s', Id=%s)", name, reason, invocation)
        try:
            trigger = await bind()
            known = {**trigger.binding_data, "sys": as_json(_system(function))}
            await self.worker(Call(function.name, invocation, trigger.data, known))
        except CallFailed as error:
            duration = _milliseconds(begun)
            own.error("Executed '%s' (Failed, Id=%s, Duration=%dms) %s", name, invocation, duration, error)
            results.error("Exception while executing function: %s: %s", name, error)
            own.debug("%s", error.trace)
            return False
        own.info("Executed '%s' (Succeeded, Id=%s, Duration=%dms)", name, invocation, _milliseconds(begun))
        return True


def as_json(value: object) -> dict[str, str]:
    """Return a value in the worker's form, if it is neither text nor bytes."""
    return {"json": json.dumps(value, ensure_ascii=False, separators=(",", ":"))}


def _system(function: Function) -> dict[str, str]:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"MethodName": function.name, "UtcNow": now, "RandGuid": str(uuid.uuid4())}


def _milliseconds(since: float) -> int:
    return round((time.monotonic() - since) * 1000)
