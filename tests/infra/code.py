"""The names that the code knows, read from the code itself."""

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from describer.settings import Settings
from local import stack
from tests.infra.compiler import ROOT

SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}
IMAGES_CONTAINER = stack.IMAGES_CONTAINER
DESCRIPTIONS_CONTAINER = str(Settings.model_fields["descriptions_container"].default)


def triggers() -> dict[str, str]:
    """Each function and the type of its trigger; tests/worker compares this file with what the worker indexes."""
    return {function: trigger["type"] for function, trigger in _triggers()}


def _triggers() -> Iterator[tuple[str, Mapping[str, str]]]:
    indexed = json.loads((ROOT / "tests" / "worker" / "bindings.json").read_text(encoding="utf-8"))
    for function, bindings in indexed.items():
        yield from ((function, binding) for binding in bindings if binding["type"].endswith("Trigger"))


def queues() -> set[str]:
    """Queues that the code names: those of triggers, poison queues too, and constants that end in `_QUEUE`."""
    names = {name for path in (ROOT / "describer").rglob("*.py") for name in _queues(path)}
    return names | {trigger["queueName"] for _, trigger in _triggers() if trigger["type"] == "queueTrigger"}


def containers() -> set[str]:
    """Containers of the app's own account that the code names: constants that end in `_CONTAINER`."""
    return {name for path in (ROOT / "describer").rglob("*.py") for name in _named(path, "_CONTAINER")}


def _queues(path: Path) -> Iterator[str]:
    yield from _named(path, "_QUEUE")


def _named(path: Path, ending: str) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(value))):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(value))):
                pass
            case _:
                continue
        if name.removesuffix(ending) and name.endswith(ending):
            yield value
