"""`make servers`: every row on every server, and the grammar engines; docs/models.md gets the table.

    python -m tests.servers [--write] [NAME …]

Exit code 1 if a row failed, or if fewer than two servers are available.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jsonschema

from describer.domain.description import schema
from describer.vision import answer_reader
from local.azure_openai.access import Access
from local.azure_openai.resource import Deployment, Resource
from local.azure_openai.script import Script, serve
from local.children import ROOT
from tests.servers import programs
from tests.servers.programs import Unavailable, free_port, python, running
from tests.servers.rows import ROWS, Server, tried

DOCUMENT = ROOT / "docs" / "models.md"
BEGINS, ENDS = "<!-- written by `make servers` -->\n", "<!-- as far as here -->\n"
LANGUAGES = (["en"], ["en", "de", "ja"])
COMPLETIONS = 200


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@contextmanager
def llama_cpp() -> Iterator[tuple[str, Server]]:
    """llama.cpp's server with a model of random weights."""
    binary = programs.llama_server()
    with _folder() as folder, ExitStack() as started:
        subprocess.run([python(), "-m", "tests.servers.tiny", folder], cwd=ROOT, check=True)
        library = {"LD_LIBRARY_PATH": str(binary.parent)}

        def start(context: int, *, wait: bool = True) -> str:
            port = free_port()
            model = ("-m", folder / "tiny.gguf", "--mmproj", folder / "tiny-projector.gguf")
            options = ("--host", "127.0.0.1", "--port", str(port), "-c", str(context), "-np", "2", "--threads", "1")
            log, ready = folder / f"{port}.log", f"http://127.0.0.1:{port}/health"
            started.enter_context(running([binary, *model, *options], log, ready, library, wait=wait))
            return f"http://127.0.0.1:{port}/v1"

        async def loading() -> str:
            return start(32_768, wait=False)

        told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False, env=library)
        version = (told.stdout + told.stderr).partition("version:")[2].split("\n")[0].strip()
        server = Server(start(32_768), "tiny", small=start(512), loading=loading)
        yield f"llama.cpp's server {version or programs.LLAMA_VERSION}", server


@contextmanager
def transformers() -> Iterator[tuple[str, Server]]:
    """The server of Hugging Face's transformers, with a model that says one answer in our schema."""
    with _folder() as folder:
        made = folder / "tiny"
        subprocess.run([python(), "-m", "tests.servers.tiny_transformers", made], cwd=ROOT, check=True)
        port = free_port()
        at = ("--device", "cpu", "--host", "127.0.0.1", "--port", str(port))
        command: list[str | Path] = [programs.script("transformers"), "serve", made, *at]
        with running(command, folder / "log", f"http://127.0.0.1:{port}/health", {"HF_HUB_OFFLINE": "1"}):
            called = f"transformers serve {programs.version('transformers')}"
            yield called, Server(f"http://127.0.0.1:{port}/v1", str(made))


@contextmanager
def litellm() -> Iterator[tuple[str, Server]]:
    """LiteLLM's proxy in front of the stand-in for Azure OpenAI."""
    deployment = Deployment("gpt-4o", "gpt-4o-2024-11-20", reasoning=False)
    with _folder() as folder, serve(Script(), Resource((deployment,), Access(api_key="key"))) as model:
        at = {"model": "openai/gpt-4o", "api_base": f"{model.url}/v1", "api_key": "key"}
        port, key = free_port(), "sk-local-only"
        general = {"master_key": key, "dangerously_permit_weak_or_unset_master_key": True}
        settings = {
            "model_list": [{"model_name": "test", "litellm_params": at}],
            "general_settings": general,
            "litellm_settings": {"num_retries": 0, "telemetry": False},
        }
        config = folder / "config.yaml"
        config.write_text(json.dumps(settings), "utf-8")
        command: list[str | Path] = [
            programs.script("litellm"),
            "--config",
            config,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        own = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        with running(command, folder / "log", f"http://127.0.0.1:{port}/health/liveliness", own):
            yield f"LiteLLM's proxy {programs.version('litellm')}", Server(f"http://127.0.0.1:{port}/v1", "test", key)


@contextmanager
def llmock() -> Iterator[tuple[str, Server]]:
    """The mock server of another project: a second opinion on the wire."""
    with _folder() as folder:
        port = free_port()
        command: list[str | Path] = [programs.script("llmock"), "serve", "--host", "127.0.0.1", "--port", str(port)]
        with running(command, folder / "log", f"http://127.0.0.1:{port}/v1/models"):
            yield f"llmock {programs.version('llmock')}", Server(f"http://127.0.0.1:{port}/v1", "gpt-4o")


SERVERS = {"llama.cpp": llama_cpp, "transformers": transformers, "litellm": litellm, "llmock": llmock}


def _tried(names: list[str]) -> tuple[dict[str, dict[str, tuple[bool, str]]], list[str]]:
    """Each row's result on each server, and the missing servers."""
    seen: dict[str, dict[str, tuple[bool, str]]] = {}
    absent = []
    for name in names:
        try:
            with SERVERS[name]() as (called, server):
                seen[called] = {}
                for row, ask in ROWS.items():
                    began = time.monotonic()
                    seen[called][row] = asyncio.run(tried(ask, server))
                    print(f"{called}: {row}: {seen[called][row][1]} ({time.monotonic() - began:.0f} s)", flush=True)
        except Unavailable as error:
            absent.append(f"{name}: not run, because {error}.")
            print(absent[-1], flush=True)
    return seen, absent


def _engines() -> tuple[list[str], bool]:
    """A line for each grammar engine and schema."""
    schemas = [schema(tuple(languages)) for languages in LANGUAGES]
    command: list[str | Path] = [python(), "-m", "tests.servers.grammars", json.dumps(schemas), str(COMPLETIONS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines, good = [], bool(done.stdout)
    for number, line in enumerate(done.stdout.splitlines()):
        told, languages = json.loads(line), LANGUAGES[number % len(LANGUAGES)]
        fault = told.get("fault") or _fault(told["said"], languages)
        good = good and not fault
        outcome = fault or f"compiles; {COMPLETIONS} of {COMPLETIONS} random completions are read and pass the schema"
        lines.append(f"| {told['engine']} | {len(languages)} | {outcome} |")
        print(lines[-1], flush=True)
    return lines or [f"| none | | {done.stderr.strip().splitlines()[-1:]} |"], good


def _fault(said: list[str], languages: list[str]) -> str:
    for text in said:
        try:
            jsonschema.validate(json.loads(text, strict=False), schema(tuple(languages)))
            answer_reader.read(text, languages)
        except (ValueError, jsonschema.ValidationError) as error:
            return f"{type(error).__name__}: {str(error)[:200]} in {text[:100]}"
    return ""


def _table(seen: dict[str, dict[str, tuple[bool, str]]], absent: list[str], engines: list[str]) -> str:
    lines = [f"| | {' | '.join(seen)} |", f"| --- |{' --- |' * len(seen)}"]
    for row in ROWS:
        cells = [results[row][1].replace("|", "/").replace("\n", " ")[:220] for results in seen.values()]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    grammar = ["", "| Grammar engine | Languages | |", "| --- | --- | --- |", *engines]
    return "\n".join([*lines, *grammar, *(["", *absent] if absent else [])]) + "\n"


def main(arguments: list[str]) -> int:
    """Try them; `--write` puts the table into docs/models.md."""
    names = [name for name in arguments if name != "--write"] or [*SERVERS]
    began = time.monotonic()
    seen, absent = _tried(names)
    try:
        engines, compiled = _engines()
    except Unavailable as error:
        engines, compiled = [f"| none | | not run, because {error} |"], False
    table = _table(seen, absent, engines)
    print(f"\n{table}\n{time.monotonic() - began:.0f} s on {os.cpu_count()} cores")
    if "--write" in arguments:
        before, rest = DOCUMENT.read_text("utf-8").split(BEGINS)
        DOCUMENT.write_text(f"{before}{BEGINS}{table}{ENDS}{rest.split(ENDS)[1]}", "utf-8")
    failed = [row for results in seen.values() for row, (passed, _) in results.items() if not passed]
    return 1 if failed or len(seen) < min(2, len(names)) or not compiled else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
