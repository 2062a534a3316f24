"""Calls Microsoft's worker library for the extensions' triggers."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from local.extensions import blobs, functions
from local.extensions.functions import Function
from local.extensions.invocation import Call, CallFailed, Worker
from local.host import worker
from local.host.worker import FunctionFailed, Message, TypedData


def waiting(indexed: Iterable[worker.Function]) -> list[Function]:
    """Return the functions with triggers of the extensions."""
    return [
        functions.read({**function.trigger, "name": function.name, "bind": _bind(function)})
        for function in indexed
        if function.trigger["type"] in functions.TYPES
    ]


def _bind(function: worker.Function) -> str:
    """Return the type of a blob's parameter: a reference for an SDK type (a deferred binding), else bytes.

    If another binding has an expression in braces, the host sends bytes to an SDK type, which then fails.
    """
    trigger = function.trigger
    if trigger["type"] != functions.BLOB:
        return ""
    others = (binding for binding in function.bindings if binding is not trigger)
    plain = not any("{" in str(value) for binding in others for value in binding.values() if isinstance(value, str))
    deferred = plain and (trigger.get("properties") or {}).get("SupportsDeferredBinding")
    return "ParameterBindingData" if deferred else blobs.BYTES


def worker_of(indexed: Iterable[worker.Function]) -> Worker:
    """Return a worker that runs the functions of an app."""
    known = {function.name: function for function in indexed}

    async def call(call: Call) -> None:
        bindings = {name: _typed(value) for name, value in call.binding_data.items()}
        try:
            await worker.invoke(known[call.function], _value(call.data), bindings, call.invocation)
        except FunctionFailed as error:
            raise CallFailed(str(error), error.trace) from None

    return call


def _value(data: Any) -> Message:
    match data:
        case {"version": version, "source": source, "contentType": kind, "content": content}:
            reference = Message(version=version, source=source, content_type=kind, content=content.encode())
            return TypedData(model_binding_data=reference)
        case str():
            return TypedData(string=data)
        case {"bytes": encoded, **rest} if not rest:
            return TypedData(bytes=base64.b64decode(encoded))
    return TypedData(json=json.dumps(data))


def _typed(value: str | Mapping[str, str]) -> Message:
    match value:
        case {"json": text}:
            return TypedData(json=text)
        case {"bytes": encoded}:
            return TypedData(bytes=base64.b64decode(encoded))
        case _:
            return TypedData(string=value)
