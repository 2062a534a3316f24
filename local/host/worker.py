"""Drives Microsoft's worker library (`azure_functions_runtime`) in this process, without gRPC.

The library does not import protobuf: it reads attributes of requests, and builds replies from a `protos` object in the
first request, as Microsoft's own proxies provide it. `Message` and `Protos` stand in for these. The library keeps its
functions in module globals, so a process has one app.
"""

import json
import logging
import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import azure_functions_runtime as runtime

log = logging.getLogger("host.worker")


class Message:
    """Any protobuf message: fields by keyword; an unset field is None."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> None:
        if not name[0].islower():  # the library probes messages for `.TypedData`, Python for dunder methods
            raise AttributeError(name)

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Return the name of the field that is set."""
        return next(iter(self.__dict__), None)


class ParameterBinding(Message):
    """A value for a parameter, never by shared memory."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's name
        """Return that the value is in the message."""
        return "data"


class Protos:
    """The module of message types, created on access; those with constants are defined."""

    def __init__(self) -> None:
        self.ParameterBinding = ParameterBinding
        self.StatusResult = type("StatusResult", (Message,), {"Failure": 0, "Success": 1, "Cancelled": 2})
        directions = {"in": 0, "out": 1, "inout": 2}
        data_types = {"undefined": 0, "string": 1, "binary": 2, "stream": 3}
        self.BindingInfo = type("BindingInfo", (Message,), directions | data_types)
        same_site = SimpleNamespace(**{"None": "", "Lax": "lax", "Strict": "strict", "ExplicitNone": "none"})
        self.RpcHttpCookie = type("RpcHttpCookie", (Message,), {"SameSite": same_site})

    def __getattr__(self, name: str) -> type[Message]:
        if not name[0].isupper():
            raise AttributeError(name)
        kind = type(name, (Message,), {})
        setattr(self, name, kind)
        return kind


PROTOS = Protos()
TypedData = PROTOS.TypedData


class IndexingFailed(Exception):
    """The app cannot be indexed; the text is the app's message. `trace` is the traceback."""

    def __init__(self, message: str, trace: str) -> None:
        super().__init__(message)
        self.trace = trace


class FunctionFailed(Exception):
    """A function raised an exception, which the text names. `trace` is the traceback."""

    def __init__(self, message: str, trace: str) -> None:
        super().__init__(message)
        self.trace = trace


@dataclass(frozen=True, slots=True)
class Function:
    """An indexed function; `bindings` are those of its function.json, including the trigger."""

    id: str
    name: str
    bindings: tuple[Mapping[str, Any], ...]

    @property
    def trigger(self) -> Mapping[str, Any]:
        """The trigger's binding."""
        return next(binding for binding in self.bindings if str(binding["type"]).endswith("Trigger"))


@dataclass(frozen=True, slots=True)
class Indexed:
    """An indexed app; `http` is the worker's own server if the app streams, else None."""

    functions: tuple[Function, ...]
    http: str | None


async def index(app: Path) -> Indexed:
    """Load the app in this folder.

    Raises:
        IndexingFailed: its import failed, or a declaration is invalid.

    """
    sys.path.insert(0, str(app))
    os.chdir(app)
    runtime.start_threadpool_executor()
    init = Message(host_version="4.1045.0", capabilities={}, log_categories={}, function_app_directory=str(app))
    reply = await runtime.worker_init_request(
        _request({"host": "127.0.0.1", "protos": PROTOS}, worker_init_request=init)
    )
    _check(reply, IndexingFailed)
    listed = await runtime.functions_metadata_request(_request(functions_metadata_request=Message()))
    functions = []
    for known in listed.function_metadata_results or ():
        load = Message(function_id=known.function_id, metadata=known)
        _check(await runtime.function_load_request(_request(function_load_request=load)), IndexingFailed)
        bindings = tuple(json.loads(binding) for binding in known.raw_bindings)
        functions.append(Function(known.function_id, known.name, bindings))
    return Indexed(tuple(functions), reply.capabilities.get("HttpUri"))


async def invoke(
    function: Function, value: Message, metadata: Mapping[str, Message], invocation: str = ""
) -> Message | None:
    """Run a function and return its result, a TypedData.

    Args:
        function: the function.
        value: the trigger's value, a TypedData.
        metadata: the trigger's metadata, TypedData by name.
        invocation: its id, if others need it.

    Raises:
        FunctionFailed: it raised an exception.

    """
    invocation = invocation or str(uuid.uuid4())
    log.info("Executing %s (%s)", function.name, invocation)
    request = Message(
        invocation_id=invocation,
        function_id=function.id,
        input_data=[ParameterBinding(name=function.trigger["name"], data=value)],
        trigger_metadata=metadata,
        trace_context=Message(
            trace_parent=f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01", trace_state="", attributes={}
        ),
        retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
    )
    reply = await runtime.invocation_request(_request(invocation_request=request))
    _check(reply, FunctionFailed)
    log.info("Executed %s (%s)", function.name, invocation)
    return cast(Message | None, reply.return_value)


def _request(properties: Mapping[str, Any] | None = None, **body: Message) -> SimpleNamespace:
    return SimpleNamespace(request=SimpleNamespace(**body), properties=properties or {})


def _check(reply: Any, failure: type[IndexingFailed | FunctionFailed]) -> None:
    result = reply.result
    if result.status != cast(Any, PROTOS.StatusResult).Success:
        raise failure(result.exception.message, result.exception.stack_trace)


def as_json(value: Any) -> Message:
    """Return a value in the host's form, if it is neither text nor bytes; dates in ISO 8601."""
    return TypedData(json=json.dumps(value, default=lambda other: other.isoformat()))
