"""Microsoft's worker library indexes the app as the golden file says, which is what the host would receive."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("bindings.json")
INDEX = """
import asyncio, json, pathlib
from local.host import worker
functions = asyncio.run(worker.index(pathlib.Path.cwd())).functions
print(json.dumps({function.name: function.bindings for function in functions}, indent=2, sort_keys=True))
"""

LOADED = """
import asyncio, pathlib, sys
from local.host import worker
before = set(sys.modules)
asyncio.run(worker.index(pathlib.Path.cwd()))
print(*sorted(set(sys.modules) - before))
"""
DEAR = (
    "aiohttp",
    "azure.core",
    "azure.eventgrid",
    "azure.identity",
    "azure.monitor",
    "azure.storage",
    "fastapi",
    "httpx2",
    "mcp",
    "openai",
    "opentelemetry.sdk",
    "PIL",
    "pillow_heif",
    "py3langid",
    "python_multipart",
    "starlette",
)
"""What costs a cold start dear: each waits for the first call that needs it."""


def indexed(script: str, **settings: str) -> str:
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    environ = os.environ | values | settings
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_indexing_loads_nothing_dear() -> None:
    modules = indexed(LOADED).split()
    loaded = {dear for dear in DEAR for module in modules if module == dear or module.startswith(f"{dear}.")}
    assert loaded == set()
    assert {"function_app", "describer.settings", "azure.functions"} <= set(modules)


def test_the_indexed_bindings_are_those_of_the_golden_file() -> None:
    found = indexed(INDEX)
    assert json.loads(found) == json.loads(GOLDEN.read_text(encoding="utf-8")), found


@pytest.mark.parametrize(
    ("setting", "function"), [("NIGHTLY_BACKFILL_AT", "backfill_nightly"), ("DELETED_CLEANUP_AT", "remove_deleted")]
)
def test_there_is_a_timer_only_where_a_setting_wants_it(setting: str, function: str) -> None:
    functions = json.loads(indexed(INDEX, **{setting: "02:30"}))
    [trigger] = functions.pop(function)
    assert (trigger["type"], trigger["schedule"]) == ("timerTrigger", "0 30 2 * * *")
    assert functions == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_interface_for_openais_clients_is_there_only_with_a_key() -> None:
    without = json.loads(indexed(INDEX))
    assert "openai_compatible" not in without
    opened = json.loads(indexed(INDEX, OPENAI_COMPATIBLE_KEYS=f"cms:{secrets.token_urlsafe(32)}"))
    assert opened.keys() - without.keys() == {"openai_compatible"}
    tokens = {"TENANT": "11111111-2222-3333-4444-555555555555", "AUDIENCE": "api://app", "ROLES": "Describe"}
    by_token = json.loads(indexed(INDEX, **{f"OPENAI_COMPATIBLE_{name}": value for name, value in tokens.items()}))
    assert by_token.keys() == opened.keys()
    (trigger,) = [each for each in map(_read, opened["openai_compatible"]) if each["type"] == "httpTrigger"]
    assert (trigger["route"], str(trigger["authLevel"]).upper()) == ("openai/{*path}", "ANONYMOUS")


def _read(binding: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(binding) if isinstance(binding, str) else binding
    return found
