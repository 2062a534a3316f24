"""The stand-ins come up together, end together however their parent ends, and let nothing of the user's shell in."""

import asyncio
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from local import children, environment, start
from local.addresses import Addresses
from local.children import ROOT, Child, ChildFailed
from local.stack import AlreadyRunning, Stack
from tests.pipes import full_pipe
from tests.storage import until

APP = """
import json, os
import azure.functions as func
import azurefunctions.extensions.bindings.blob as blob

app = func.FunctionApp()

@app.blob_trigger("picture", "%IMAGES_CONTAINER%/{name}", "IMAGES", source=func.BlobSource.EVENT_GRID)
async def describe_on_upload(picture: blob.BlobClient) -> None:
    with open(os.environ["NOTES"], "a") as file:
        file.write(json.dumps({"name": picture.blob_name, "environment": dict(os.environ)}) + "\\n")

@app.route("describe", methods=["POST"])
async def describe(req: func.HttpRequest) -> str:
    return f"{req.headers['content-type']} {req.get_body().decode()}"

@app.mcp_tool()
async def describe_image(url: str) -> str:
    return f"described {url}"
"""

NAMES = ["a.jpg", "Äpfel & 50% #1?+.png", "漢字/😀.webp", ".hidden", "x" * 1024]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "function_app.py").write_text(APP, "utf-8")
    return folder


@contextmanager
def started(
    app: Path, state: Path, output: int = subprocess.PIPE, errors: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """Run what `make start` runs, on the extensions' stand-in; killed at the end at the latest."""
    command = children.module("local.start", "--app", str(app), "--state", str(state), "--no-model")
    inherited = {name: value for name, value in os.environ.items() if name != environment.PROGRAM}
    process = subprocess.Popen(command, cwd=ROOT, env=inherited, stdout=output, stderr=errors, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


async def addresses(state: Path, process: subprocess.Popen[str]) -> Addresses:
    file = state / "addresses.json"
    text = await until(lambda: process.poll() is not None or (file.read_text("utf-8") if file.exists() else ""))
    if text is True:
        pytest.fail(f"it ended with exit code {process.returncode}: {process.communicate()[1]}")
    assert file.stat().st_mode & 0o777 == 0o600
    return Addresses(**json.loads(text))


def listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


def any_listens(where: Addresses) -> bool:
    return any(listens(url) for url in (where.http, where.blob, where.queue, where.identity))


async def test_uploads_reach_the_function_and_the_shell_does_not(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "AZURE_OPENAI_API_KEY",
        "OPENAI_API_KEY",
        "HTTPS_PROXY",
        "https_proxy",
        "AzureWebJobsStorage",
        "IMAGES",
    ):
        monkeypatch.setenv(name, "https://elsewhere.example")
    notes = tmp_path / "notes.jsonl"
    settings = {"NOTES": str(notes), "DESCRIPTIONS_CONTAINER": "elsewhere"}
    with Stack(app, tmp_path / "state", settings, model_url="http://127.0.0.1:9") as stack:
        async with stack.storage.blob_service() as blobs:
            for name in NAMES:
                await blobs.get_blob_client("images", name).upload_blob(b"x")
        lines = await until(lambda: found if len(found := read(notes)) == len(NAMES) else [])
    environ = json.loads(lines[0])["environment"]
    assert sorted(json.loads(line)["name"] for line in lines) == sorted(NAMES)
    assert "https://elsewhere.example" not in environ.values()
    assert environ["DESCRIPTIONS_CONTAINER"] == "elsewhere"
    assert environ["AZURE_OPENAI_ENDPOINT"] == "http://127.0.0.1:9"
    assert environ["IMAGES__blobServiceUri"] == stack.addresses.blob
    assert environ["AzureWebJobsStorage__queueServiceUri"] == stack.addresses.queue
    assert not any_listens(stack.addresses)


def read(notes: Path) -> list[str]:
    return notes.read_text("utf-8").splitlines() if notes.exists() else []


@pytest.mark.skipif(shutil.which("curl") is None, reason="the lines use curl")
async def test_the_lines_to_try_can_be_copied_and_pasted(app: Path, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "cat.jpg").write_bytes(b"picture")
    with Stack(app, tmp_path / "state", {"NOTES": str(tmp_path / "notes.jsonl")}) as stack:
        said = start.welcome(stack, tmp_path / "addresses.json")
        _, exports, upload, _, http, mcp, python = re.split(r"^[A-Z].*:\n\n", said, flags=re.MULTILINE)
        await run("/bin/sh", "-ec", exports + upload, folder=tmp_path)
        await until(lambda: len(read(tmp_path / "notes.jsonl")) == 1)
        assert await run("/bin/sh", "-ec", exports + http, folder=tmp_path) == "image/jpeg picture"
        assert await called(json.loads(mcp)["servers"]["image-describer"]) == "described u"
        await run("/bin/sh", "-ec", f"{exports}exec {sys.executable} -c {shlex.quote(python)}", folder=tmp_path)
        await until(lambda: len(read(tmp_path / "notes.jsonl")) == 2)


async def run(*command: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment.clean(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def called(server: dict[str, Any]) -> str:
    async with (
        httpx2.AsyncClient(headers=server["headers"]) as http,
        Client(streamable_http_client(server["url"], http_client=http)) as client,
    ):
        (content,) = (await client.call_tool("describe_image", {"url": "u"})).content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.long
async def test_sigterm_ends_everything_in_order(app: Path, tmp_path: Path) -> None:
    with started(app, tmp_path / "state") as process:
        where = await addresses(tmp_path / "state", process)
        assert any_listens(where)
        assert process.stdout
        while where.blob not in (line := await asyncio.to_thread(process.stdout.readline)):
            assert line
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.communicate)
    assert process.returncode == 0
    assert not any_listens(where)
    assert not (tmp_path / "state/addresses.json").exists()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_everything_while_the_output_is_not_read(
    number: signal.Signals, app: Path, tmp_path: Path
) -> None:
    with full_pipe() as output, started(app, tmp_path / "state", output, output) as process:
        where = await addresses(tmp_path / "state", process)
        assert any_listens(where)
        process.send_signal(number)
        await asyncio.to_thread(process.wait, 20)
        assert not any_listens(where)
        assert not (tmp_path / "state/addresses.json").exists()
    assert process.returncode == 0


@pytest.mark.long
async def test_a_signal_ends_a_start_that_is_not_ready(app: Path, tmp_path: Path) -> None:
    never = "import time\ntime.sleep(600)"
    (app / "function_app.py").write_text(never, "utf-8")
    log = tmp_path / "state/logs/host.log"
    with started(app, tmp_path / "state") as process:
        await until(log.exists)
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 20)
    assert process.returncode == 0


@pytest.mark.long
async def test_a_signal_ends_a_start_whose_error_is_not_read(app: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with (tmp_path / "state/lock").open("w") as lock, full_pipe() as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with started(app, tmp_path / "state", output, output) as process:
            await until(lambda: handles_sigterm(process.pid))
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 20)
        assert process.returncode == 0


def handles_sigterm(pid: int) -> bool:
    caught = re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text("ascii"), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.long
async def test_the_end_of_the_outputs_reader_ends_everything_with_a_sentence(app: Path, tmp_path: Path) -> None:
    read_end, output = os.pipe()
    os.close(read_end)
    with started(app, tmp_path / "state", output) as process:
        os.close(output)
        _, said = await asyncio.to_thread(process.communicate)
    assert process.returncode == 1
    assert said == "Ended, because the program that read this output has ended.\n"


async def test_a_killed_parent_takes_its_children_along(app: Path, tmp_path: Path) -> None:
    with started(app, tmp_path / "state") as process:
        where = await addresses(tmp_path / "state", process)
        assert any_listens(where)
        process.kill()
        await until(lambda: not any_listens(where))


@pytest.mark.long
async def test_a_second_start_beside_a_running_one_says_so(app: Path, tmp_path: Path) -> None:
    with started(app, tmp_path / "state") as first:
        where = await addresses(tmp_path / "state", first)
        with started(app, tmp_path / "state") as second:
            _, said = await asyncio.to_thread(second.communicate)
            assert second.returncode == 1
        assert "Another stack runs already" in said
        assert await addresses(tmp_path / "state", first) == where
        assert any_listens(where)
        first.send_signal(signal.SIGINT)
        await asyncio.to_thread(first.communicate)
        assert first.returncode == 0


def test_a_host_that_cannot_start_is_named_with_its_log(app: Path, tmp_path: Path) -> None:
    (app / "function_app.py").write_text("raise ValueError('IMAGES_CONTAINER is not set')", "utf-8")
    with pytest.raises(ChildFailed) as failed, Stack(app, tmp_path / "state"):
        pytest.fail("it started")
    message = str(failed.value)
    assert message.startswith("host ended with exit code 1.")
    assert str(tmp_path / "state/logs/host.log") in message
    assert "IMAGES_CONTAINER is not set" in message


def test_a_part_that_dies_later_is_reported_at_the_end(app: Path, tmp_path: Path) -> None:
    dying = [sys.executable, "-c", DYING]
    stack = Stack(app, tmp_path, model=dying)
    stack.__enter__()
    children.DIRECT.open(f"{stack.addresses.model}/die").close()
    stack._backends[-1].wait_for_end()
    with pytest.raises(ChildFailed, match="model ended with exit code 3"):
        stack.__exit__(None, None, None)


DYING = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if self.path == "/die":
            os._exit(3)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""


def test_one_state_folder_serves_one_stack(app: Path, tmp_path: Path) -> None:
    with Stack(app, tmp_path / "state"), pytest.raises(AlreadyRunning), Stack(app, tmp_path / "state"):
        pytest.fail("it started")


async def test_a_child_that_does_not_listen_to_sigterm_is_killed_with_what_it_started(tmp_path: Path) -> None:
    log = tmp_path / "stubborn.log"
    stubborn = "trap '' TERM; sleep 600 & echo $! $$ started; wait; wait"
    ready = children.says(log, "started")
    child = Child("stubborn", ["/bin/sh", "-c", stubborn], environment={}, log=log, ready=ready, grace=0.1)
    child.wait_until_ready()
    pids = [int(pid) for pid in log.read_text().split()[:2]]
    assert all(is_alive(pid) for pid in pids)
    children.end([child])
    await until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_childs_exit_code_is_passed_on(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    command = ["/bin/sh", "-c", "exit 7"]
    child = Child("child", command, environment=environment.clean(), log=log, ready=lambda: False)
    child.wait_for_end()
    assert child.code == 7
