"""What function_app.py itself does with a call: it hands it over."""

import json
import secrets
import subprocess
import sys
from typing import Any

import pytest

from tests import generated

CALL = """
import asyncio, json, sys
import azure.functions as func
import function_app
request = func.HttpRequest(method="GET", url="https://app" + sys.argv[1], headers={"x-request-id": "A" * 32}, body=b"")
answer = asyncio.run(function_app._answered(request, None))
title = json.loads(answer.get_body()).get("title")
print(json.dumps({"status": answer.status_code, "id": answer.headers.get("x-request-id"), "title": title}))
"""


def _called(path: str) -> dict[str, Any]:
    values = json.loads((generated.ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    done = subprocess.run(
        [sys.executable, "-c", CALL, path], cwd=generated.ROOT, env=values, capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


OPENAI_INTERFACE = """
import asyncio, json
import azure.functions as func
import function_app
headers = {"api-key": "wrong", "content-type": "application/json"}
request = func.HttpRequest(
    method="POST", url="https://app/api/openai/v1/chat/completions", headers=headers, body=b"{}"
)
answer = asyncio.run(function_app._openai_compatible(request, None))
print(json.dumps({"status": answer.status_code, "body": json.loads(answer.get_body())}))
"""


def test_the_openai_interface_checks_keys_itself() -> None:
    values = json.loads((generated.ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    values |= {"OPENAI_COMPATIBLE_KEYS": f"cms:{secrets.token_urlsafe(32)}"}
    done = subprocess.run(
        [sys.executable, "-c", OPENAI_INTERFACE],
        cwd=generated.ROOT,
        env=values,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert (told["status"], told["body"]["error"]["code"]) == (401, "invalid_api_key")


def test_health_is_answered() -> None:
    assert _called("/api/health") == {"status": 200, "id": "A" * 32, "title": None}


WARM_UP = """
import asyncio, json, sys
import function_app
services = function_app.services
async def upload():
    async with services.invocation("describe_on_upload"):
        before = set(sys.modules)
        pool = services.delivery.pipeline.image_describer.preparer.pool
        first = list(pool.processes)
    async with services.invocation("work"):
        again = list(pool.processes)
    loaded = sorted(name for name in set(sys.modules) - before if name.startswith(("describer", "openai", "azure")))
    await services.close()
    print(json.dumps({"loaded": loaded, "processes": [len(first), first == again]}))
asyncio.run(upload())
"""


def test_the_first_upload_finds_the_sdks_imported_and_a_process_started() -> None:
    values = json.loads((generated.ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    done = subprocess.run(
        [sys.executable, "-c", WARM_UP], cwd=generated.ROOT, env=values, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {"loaded": [], "processes": [1, True]}
    assert done.stderr == ""


@pytest.mark.parametrize("path", ["/api/nowhere/%FF", "/api/%ff?cursor=%ff", "/api/nowhere/%C3%A9%E2%82"])
def test_a_path_that_is_not_utf_8_is_answered_with_a_sentence(path: str) -> None:
    answer = _called(path)
    assert (answer["status"], answer["title"]) == (404, "Not found")
