"""The tools over the standard input and output: for the official client, as it starts the program from its settings."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from local import environment
from local.children import ROOT
from local.storage import Storage
from tests.cli.conftest import Shell, jpeg

UV = shutil.which("uv")


@asynccontextmanager
async def connected(shell: Shell, command: str, *arguments: str) -> AsyncIterator[ClientSession]:
    environ = {**environment.clean(), **shell.settings, "PYTHONPATH": str(ROOT)}
    server = StdioServerParameters(command=command, args=list(arguments), env=environ, cwd=shell.folder)
    async with stdio_client(server) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        yield session


async def called(session: ClientSession, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await session.call_tool(tool, arguments)
    assert not result.is_error, result.content
    told: dict[str, Any] | None = result.structured_content
    assert told is not None
    return told


async def test_every_tool_answers_about_files_and_blobs(installation: Shell, storage: Storage) -> None:
    container = installation.settings["IMAGES_CONTAINER"]
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(container, "cat.jpg").upload_blob(jpeg(370))
    inside = installation.picture("allowed/cat.jpg", jpeg(371))
    outside = installation.picture("secret.jpg", jpeg(372))
    (installation.folder / "allowed" / "link.jpg").symlink_to(outside)
    async with connected(installation, sys.executable, "-m", "describer", "mcp", "allowed") as session:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert tools.keys() == {"describe_image", "ask_about_images", "find_descriptions", "find_undescribed"}
        for tool in tools.values():
            assert tool.output_schema and tool.annotations and tool.annotations.read_only_hint is True
        assert (await called(session, "describe_image", file="cat.jpg"))["alt_text"].startswith("A test picture of 371")
        blob = await called(session, "describe_image", blob=f"{container}/cat.jpg")
        assert blob["alt_text"].startswith("A test picture of 370")
        question = {"question": "What?", "images": [str(inside), f"{container}/cat.jpg"]}
        assert (await called(session, "ask_about_images", **question))["ending"] == "complete"
        assert (await called(session, "find_descriptions"))["descriptions"] == []
        assert (await called(session, "find_undescribed"))["names"] == ["cat.jpg"]
        for arguments in ({}, {"file": "cat.jpg", "url": "https://example.org/a.jpg"}):
            refused = await session.call_tool("describe_image", arguments)
            assert "Give exactly one of url, blob and file." in str(refused.content)
        for given in (str(outside), "../secret.jpg", "link.jpg", f"file://{outside}"):
            refused = await session.call_tool("describe_image", {"file": given})
            assert refused.is_error and "may read" in str(refused.content)


async def test_with_a_model_alone_there_are_two_tools(shell: Shell) -> None:
    shell.picture("a.jpg", jpeg(373))
    async with connected(shell, sys.executable, "-m", "describer", "mcp", "a.jpg") as session:
        assert [tool.name for tool in (await session.list_tools()).tools] == ["describe_image", "ask_about_images"]
        told = await called(session, "describe_image", file=str(shell.folder / "a.jpg"))
        assert told["alt_text"].startswith("A test picture of 373")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
async def test_it_ends_at_once_although_it_waits_for_a_line(shell: Shell, by: signal.Signals) -> None:
    process = await shell.process("mcp")
    assert process.stdin is not None and process.stdout is not None
    hello = (
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
        b'"clientInfo":{"name":"t","version":"1"}}}\n'
    )
    process.stdin.write(hello)
    assert b'"image-describer"' in await process.stdout.readline()
    process.send_signal(by)
    async with asyncio.timeout(30):
        assert await process.wait() == 0
    process.stdin.close()
    await process.communicate()


async def test_a_missing_folder_is_reported(shell: Shell) -> None:
    done = await shell.run("mcp", "nowhere")
    assert (done.code, done.out, done.err) == (
        2,
        "",
        f"There is no file or folder {str(shell.folder / 'nowhere')!r}.\n",
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not UV:
        pytest.skip("uv is not on the PATH")
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--wheel", "--out-dir", place, ROOT], check=True, capture_output=True, timeout=300)
    (built,) = place.glob("*.whl")
    return built


@pytest.mark.long
@pytest.mark.parametrize("way", ["uvx", "pipx"])
async def test_the_wheel_serves_them_too(shell: Shell, wheel: Path, way: str, tmp_path: Path) -> None:
    """Installed into a place of its own: nothing of this repository is on its path."""
    assert UV
    shell.picture("a.jpg", jpeg(374))
    wanted = f"{wheel}[cli]"
    if way == "uvx":
        command, arguments = (
            UV,
            ["tool", "run", "--python", sys.executable, "--from", wanted, "describer", "mcp", "a.jpg"],
        )
    else:
        places = {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
        install = [UV, "tool", "run", "pipx", "install", "--python", sys.executable, wanted]
        await asyncio.to_thread(subprocess.run, install, check=True, env=os.environ | places, capture_output=True)
        command, arguments = str(tmp_path / "bin" / "describer"), ["mcp", "a.jpg"]
    environ = {**environment.clean(), **shell.settings}
    for name in ("HOME", "UV_CACHE_DIR", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "SSL_CERT_FILE"):
        if name in os.environ:
            environ[name] = os.environ[name]
    server = StdioServerParameters(command=command, args=arguments, env=environ, cwd=shell.folder)
    async with stdio_client(server) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        told = await called(session, "describe_image", file=str(shell.folder / "a.jpg"))
        assert told["alt_text"].startswith("A test picture of 374")
