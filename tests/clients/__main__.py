"""Generate clients of docs/, compile them, and have each call every operation of the app on the local stack.

    python -m tests.clients [--short] [--examples N] [--seeds N N N] [CLIENT...]

OpenAI's clients and those of other makers ask the OpenAI-compatible endpoint, with only address and key changed.

A generator whose program is not there is skipped, and the last lines say so. `DOTNET_TOOLS` names a folder with Kiota,
NSwag and a C# compiler; the others come from npm and PyPI, pinned, into `.local/clients`. Schemathesis is one of the
clients: `--examples 90 --seeds 1 2 3 schemathesis` is about 5,000 requests.
"""

import argparse
import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings

from describer.domain.record import Record
from local.azure_openai import faults
from local.azure_openai.answers import Answer, Fault, Request
from local.azure_openai.script import describe
from tests import pictures
from tests.api.test_openapi import tried
from tests.end_to_end.conftest import SETTINGS, System, started
from tests.records import records

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
DOCS: Final = ROOT / "docs"
TOOLS: Final = ROOT / ".local" / "clients"
PYTHON_TOOLS: Final = (
    "openapi-python-client==0.29.1",
    "ruff",
    "datamodel-code-generator==0.89.0",
    "microsoft-kiota-bundle==1.16.0",
    "openapi-generator-cli==7.26.0",  # the Java program in a wheel; npm's wrapper fetches it from Maven Central
)
OPENAI_CLIENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "langchain": ("langchain-openai==1.7.4",),
    "llamaindex": ("llama-index-llms-azure-openai==0.6.1",),
    "semantic_kernel": ("semantic-kernel==1.45.0", "--no-binary", "pybars4,PyMeta3"),  # which have no wheels
    "litellm": ("litellm==1.110.2",),
    "pydantic_ai": ("pydantic-ai-slim[openai]==2.68.0",),
    "instructor": ("instructor==1.17.0",),
    "llm": ("llm==0.36",),
}
"""Clients of OpenAI's protocol for Python. Each has an environment of its own: they want different openai packages."""
ASKED: Final = ("text", "pictures", "schema", "tools", "stream", "401", "429", "400", "refused address")
"""What each of them does; see openai_checks.py."""
RANDOM: Final = 2000
_ROUND_TRIP: Final = """
import pathlib, sys
from record_model import Record
given, returned = map(pathlib.Path, sys.argv[1:])
lines = given.read_text("utf-8").split("\\n")[:-1]
read = [Record.model_validate_json(line).model_dump_json(by_alias=True) for line in lines]
returned.write_text("".join(f"{line}\\n" for line in read), "utf-8")
print(f"  {len(read)} random records through generated classes")
"""
SLOW: Final = 75.0
"""Seconds that the model thinks about some pictures: longer than agents' clients wait for an answer."""
_PATIENCE: Final = 5
_installing: Final = threading.Lock()
_FUTURE: Final = "from __future__ import annotations\n"
OF_OPERATIONS: Final = {
    "nswag": (), "kiota": ("describeForm",), "kiota_python": (), "kiota_typescript": (), "typescript": (),
    "openapi_generator": (), "python": (),
}  # fmt: skip
"""Clients of the HTTP interface, and what each cannot say: Kiota's for C# wants a form to be built by hand."""
CALLER_KEY: Final = secrets.token_urlsafe(32)
BLOB, ODD_BLOB = "clients/cat.jpg", "clients/a%2Fb.jpg"


class Skipped(Exception):
    """The generator is not available; the text says why."""


@dataclass
class Workshop:
    """Where clients are made.

    Args:
        folder: for generated code.
        environment: environment variables for the clients.
        slow_pictures: about which the model thinks for `SLOW` seconds, one for each client that asks.
        calls: how often the model was asked about a picture.
        seeds: of schemathesis.
        examples: of each kind, for each operation, by schemathesis.
        made: what was installed in this run.
        lines: what the client printed.
    """

    folder: Path
    environment: Mapping[str, str]
    slow_pictures: Sequence[bytes]
    calls: Callable[[bytes], int]
    seeds: Sequence[int]
    examples: int
    made: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)

    def run(self, *command: str | Path, cwd: Path | None = None, **more: str) -> None:
        """Runs a program; its output is shown if it fails, and that of clients always."""
        words, environment = [str(word) for word in command], {**os.environ, **self.environment, **more}
        done = subprocess.run(
            words, cwd=cwd or self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)[:200]}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        said = [line for line in done.stdout.splitlines() if line.startswith("  ")]
        self.lines += said
        print("".join(line + "\n" for line in said), end="")

    def dotnet(self, program: str) -> Path:
        """One of the programs of `DOTNET_TOOLS`."""
        found = Path(os.environ.get("DOTNET_TOOLS", "/nowhere")) / program
        if not found.exists():
            raise Skipped("DOTNET_TOOLS does not name a folder with Kiota, NSwag and csc")
        return found

    def node(self) -> Path:
        """A folder with the packages of package.json and the TypeScript programs."""
        place = TOOLS / "node"
        if not shutil.which("npm"):
            raise Skipped("there is no npm")
        with _installing:
            if "node" not in self.made:
                self._install(place)
                self.made.add("node")
        return place

    def _install(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        for file in (*HERE.glob("*.ts"), *HERE.glob("*.js"), HERE / "package.json", HERE / "tsconfig.json"):
            shutil.copy(file, place)
        self.run("npm", "install", "--no-audit", "--no-fund", "--silent", cwd=place)
        shutil.rmtree(place / "out", ignore_errors=True)
        self.run("npx", "openapi-typescript", DOCS / "openapi.oneOf.json", "-o", "generated.d.ts", cwd=place)
        self.run("npx", "tsc", "-p", ".", cwd=place)

    def compiled(self, program: str) -> None:
        """Compiles a TypeScript program with what it imports, and runs it."""
        options = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node")
        self.run("npx", "tsc", *options, "--outDir", "out", f"{program}.ts", cwd=self.node())
        self.run("node", f"out/{program}.js", cwd=self.node())

    def python(self, program: str, name: str = "python", packages: Sequence[str] = PYTHON_TOOLS) -> Path:
        """A program of the Python packages, in the environment of this name."""
        place = TOOLS / name
        if not (place / "installed").exists():
            self.run(sys.executable, "-m", "venv", "--clear", place)
            self.run(place / "bin" / "pip", "install", "-q", "--only-binary", ":all:", *packages)
            (place / "installed").touch()
        return place / "bin" / program

    def openai(self, name: str) -> None:
        """Runs one of OPENAI_CLIENTS."""
        python = self.python("python", name, OPENAI_CLIENTS[name])
        self.run(python, "-W", "ignore", HERE / f"{name}_client.py", cwd=self.folder)


def nswag(shop: Workshop) -> None:
    """NSwag, C#."""
    options = "/namespace:Generated", "/className:Client", "/generateOptionalParameters:true"
    shop.run(
        shop.dotnet("nswag.sh"), "openapi2csclient", f"/input:{DOCS / 'openapi.json'}", "/output:nswag.cs", *options
    )
    _csharp(shop, "nswag", "nswag.cs", HERE / "nswag_client.cs")


def kiota(shop: Workshop) -> None:
    """Kiota, C#."""
    _kiota(shop, "CSharp", "ApiClient", "Generated.Client", shop.folder / "CSharp")
    _csharp(shop, "kiota", *(shop.folder / "CSharp").rglob("*.cs"), HERE / "kiota_client.cs")


def kiota_python(shop: Workshop) -> None:
    """Kiota, Python."""
    made = shop.folder / "kiota_python"
    _kiota(shop, "Python", "ApiClient", "describer_client", made / "describer_client")
    for file in made.rglob("*.py"):  # Kiota 1.38 writes `import datetime` before what Python wants first, in any client
        text = file.read_text(encoding="utf-8")
        file.write_text(_FUTURE + text.replace(_FUTURE, "") if _FUTURE in text else text, encoding="utf-8")
    shutil.copy(HERE / "kiota_client.py", made)
    shop.run(shop.python("python"), "-W", "ignore", made / "kiota_client.py", cwd=made)


def kiota_typescript(shop: Workshop) -> None:
    """Kiota, TypeScript: from the document with oneOf, since it loses what an alternative inherits (kiota#6777)."""
    _kiota(shop, "TypeScript", "ApiClient", "Generated", shop.node() / "kiota", DOCS / "openapi.oneOf.json")
    shop.compiled("kiota_client")


def openapi_generator(shop: Workshop) -> None:
    """openapi-generator, TypeScript."""
    if not shutil.which("java"):
        raise Skipped("there is no Java")
    made, document = shop.node() / "openapi-generator", DOCS / "openapi.oneOf.json"
    shutil.rmtree(made, ignore_errors=True)
    options = "--additional-properties=supportsES6=true,importFileExtension=.js"
    program = shop.python("openapi-generator-cli")
    shop.run(program, "generate", "-g", "typescript-fetch", "-i", document, "-o", made, options)
    shop.compiled("openapi_generator_client")


def quicktype(shop: Workshop) -> None:
    """quicktype."""
    to = "--src-lang", "schema", "--lang", "typescript", "--top-level", "StoredRecord", "-o", "quicktype-record.ts"
    shop.run("npx", "quicktype", *to, DOCS / "record.schema.json", cwd=shop.node())
    shop.compiled("quicktype_client")


def mcp_stdio(shop: Workshop) -> None:
    """The official MCP client for TypeScript, over the standard input and output."""
    shop.run("node", "out/mcp_stdio.js", cwd=shop.node())


def schemas_in_csharp(shop: Workshop) -> None:
    """NJsonSchema."""
    _csharp(shop, "schemas", HERE / "schemas.cs")


def typescript(shop: Workshop) -> None:
    """openapi-typescript with openapi-fetch."""
    shop.run("node", "out/client.js", cwd=shop.node())


def mcp(shop: Workshop) -> None:
    """The official MCP client for TypeScript."""
    shop.run("node", "out/mcp.js", cwd=shop.node())


def mcp_slow_typescript(shop: Workshop) -> None:
    """The official MCP client for TypeScript, with a model that takes longer than it waits."""
    _slowly(shop, shop.slow_pictures[0], "node", shop.node() / "out" / "mcp_slow.js")


def mcp_slow_python(shop: Workshop) -> None:
    """The official MCP client for Python, with a model that takes longer than clients wait."""
    _slowly(shop, shop.slow_pictures[1], sys.executable, HERE / "mcp_slow.py")


def _slowly(shop: Workshop, picture: bytes, *command: str | Path) -> None:
    """Runs a client that describes the picture and asks a question about it, until it has both answers."""
    file = shop.folder / f"{Path(command[-1]).name}.jpg"
    file.write_bytes(picture)
    shop.run(*command, SLOW_PICTURE=str(file))
    if (asked := shop.calls(picture)) != 2:
        raise RuntimeError(f"the model was asked {asked} times for two answers")


def schemathesis(shop: Workshop) -> None:
    """schemathesis. TRACE is the platform's, which does not give it to the app."""
    for seed in shop.seeds:
        try:
            said = tried(
                shop.environment["APP"],
                shop.environment["KEY"],
                "unsupported_method",
                examples=shop.examples,
                seed=seed,
            )
        except AssertionError as error:
            raise RuntimeError(f"seed {seed}\n{error}") from error
        (cases,) = [line.strip() for line in said.splitlines() if " generated, " in line]
        print(f"  seed {seed}: {cases}")


def ajv(shop: Workshop) -> None:
    """ajv."""
    shop.run("node", "schemas.js", cwd=shop.node())


def python(shop: Workshop) -> None:
    """openapi-python-client."""
    made = shop.folder / "python"
    program = shop.python("openapi-python-client")
    document = DOCS / "openapi.oneOf.json"
    os.environ["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"  # where it looks for ruff
    shop.run(program, "generate", "--path", document, "--output-path", made / "generated", "--meta", "none")
    shutil.copy(HERE / "python_client.py", made)
    shop.run(shop.python("python"), made / "python_client.py", cwd=made)


def openai_js(shop: Workshop) -> None:
    """The openai package for JavaScript."""
    shop.compiled("openai_js")


def ai_sdk(shop: Workshop) -> None:
    """The AI SDK: openai, openai-compatible, azure."""
    shop.compiled("ai_sdk")


def langchain(shop: Workshop) -> None:
    """LangChain."""
    shop.openai("langchain")


def llamaindex(shop: Workshop) -> None:
    """LlamaIndex's package for Azure OpenAI."""
    shop.openai("llamaindex")


def semantic_kernel(shop: Workshop) -> None:
    """Semantic Kernel, Python."""
    shop.openai("semantic_kernel")


def litellm(shop: Workshop) -> None:
    """LiteLLM."""
    shop.openai("litellm")


def pydantic_ai(shop: Workshop) -> None:
    """Pydantic AI."""
    shop.openai("pydantic_ai")


def instructor(shop: Workshop) -> None:
    """Instructor."""
    shop.openai("instructor")


def llm(shop: Workshop) -> None:
    """The command line llm."""
    shop.openai("llm")


def pydantic(shop: Workshop) -> None:
    """datamodel-code-generator."""
    kind = "--output-model-type", "pydantic_v2.BaseModel", "--input-file-type", "jsonschema"
    program = shop.python("datamodel-codegen")
    shop.run(program, "--input", DOCS / "record.schema.json", "--output", "record_model.py", *kind)
    written = _random_records()
    given, returned = shop.folder / "records.jsonl", shop.folder / "returned.jsonl"
    given.write_text("".join(f"{line}\n" for line in written), encoding="utf-8")
    shop.run(shop.python("python"), "-c", _ROUND_TRIP, given, returned)
    read = returned.read_text(encoding="utf-8").split("\n")[:-1]
    if [Record.from_json(line.encode()).model_dump_json() for line in read] != written:
        raise RuntimeError("a record is another one after its way through the generated classes")


def _random_records() -> list[str]:
    """As the app writes them, a line each."""
    written: list[str] = []

    @given(records)
    @settings(max_examples=RANDOM, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def collect(record: Record) -> None:
        written.append(record.model_dump_json())

    collect()
    return written


CLIENTS: Final[tuple[Callable[[Workshop], None], ...]] = (
    nswag, kiota, kiota_python, kiota_typescript, typescript, openapi_generator, python, mcp, mcp_stdio,
    schemas_in_csharp, ajv, pydantic, quicktype, schemathesis, openai_js, ai_sdk, langchain, llamaindex,
    semantic_kernel, litellm, pydantic_ai, instructor, llm,
)  # fmt: skip
SHORT: Final = ("nswag", "kiota", "kiota_python", "typescript", "python", "mcp", "schemas_in_csharp", "ajv")
"""Clients for CI: each language by the generators that are quick."""
WAITING: Final[tuple[Callable[[Workshop], None], ...]] = (mcp_slow_typescript, mcp_slow_python)
"""Clients that do nothing but wait, so they run beside the others."""


def _kiota(
    shop: Workshop, language: str, name: str, namespace: str, made: Path, document: Path = DOCS / "openapi.json"
) -> None:
    program = shop.dotnet("kiota.sh")
    shutil.rmtree(made, ignore_errors=True)
    shop.run(program, "generate", "-l", language, "-d", document, "-c", name, "-n", namespace, "-o", made)


def _csharp(shop: Workshop, name: str, *files: Path | str) -> None:
    shop.run(shop.dotnet("csc"), f"-out:{name}.dll", "-nowarn:CS1701,CS1702", *files)
    shop.run(shop.dotnet("run"), f"{name}.dll")


async def main(given: argparse.Namespace) -> int:
    """Try each client, or those that are given, print what became of it, and return 1 if one failed."""
    clients, waiting = ([client for client in some if client.__name__ in given.clients] for some in (CLIENTS, WAITING))
    opened = {"OPENAI_COMPATIBLE_KEYS": f"clients:{CALLER_KEY}", "OPENAI_COMPATIBLE_CALLS_PER_DAY": "100000"}
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "state", opened) as (stack, model):
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            system = System(stack, model, blobs, queues)
            model.script.always(system.answer)
            environment = await _environment(system, Path(folder))
            slow = [system.picture(_thinks) for _ in WAITING]
            shop = Workshop(Path(folder), environment, slow, system.calls, given.seeds, given.examples)
            others = [asyncio.create_task(asyncio.to_thread(_tried, client, shop)) for client in waiting]
            ends = [await asyncio.to_thread(_tried, client, shop) for client in clients]
            ends += await asyncio.gather(*others)
    for client, (end, took) in zip(clients + waiting, ends, strict=True):
        print(f"{end:8} {took:4.0f} s  {client.__doc__}")
    return int("FAILED" in {end for end, _ in ends})


def _thinks(request: Request) -> Answer | Fault:
    answer = describe(request)
    return replace(answer, delay=SLOW) if isinstance(answer, Answer) else answer


async def _environment(system: System, folder: Path) -> dict[str, str]:
    for name in (ODD_BLOB, BLOB):
        await system.upload(name, system.picture())
        await _finished(system, name)
    record = await _finished(system, BLOB)
    record.pop("etag")
    files = {"PICTURE": system.picture(), "RECORD": json.dumps(record).encode()}
    for event in system.events()[-1:]:
        files["EVENT"] = json.dumps(event).encode()
    files |= {"PHOTO": pictures.jpeg(4000, 3000), "HEIC": pictures.EVERY_KIND["heic"][1], "SMALL": system.picture()}
    files["BUSY"] = system.picture(faults.rate_limited(1))
    for name, data in files.items():
        (folder / name).write_bytes(data)
    allowed = folder / "allowed"
    allowed.mkdir()
    (allowed / "cat.jpg").write_bytes(system.picture())
    (folder / "secret.jpg").write_bytes(system.picture())
    (allowed / "link.jpg").symlink_to(folder / "secret.jpg")
    where = system.stack.addresses
    places = {name: str(folder / name) for name in files} | {"BLOB": BLOB, "ODD_BLOB": ODD_BLOB, "DOCS": str(DOCS)}
    places |= {
        "ALLOWED": str(allowed),
        "SECRET": str(folder / "secret.jpg"),
        "PYTHON": sys.executable,
        "ROOT": str(ROOT),
    }
    places |= system.stack._app_settings()
    places |= {"ADDRESS": f"{where.api}/openai/v1", "AZURE_ADDRESS": where.api, "CALLER_KEY": CALLER_KEY}
    places |= {"MODEL": SETTINGS["AZURE_OPENAI_DEPLOYMENT"]}
    return places | {"APP": where.http, "KEY": where.function_key, "MCP": where.mcp, "MCP_KEY": where.key}


async def _finished(system: System, name: str) -> dict[str, Any]:
    """The record of a picture, on a busy machine too."""
    for _ in range(_PATIENCE):
        with suppress(TimeoutError):
            return await system.finished(name)
    return await system.finished(name)


def _tried(client: Callable[[Workshop], None], shop: Workshop) -> tuple[str, float]:
    """A client's result, and its seconds."""
    began = time.monotonic()
    return _end(client, replace(shop, lines=[])), time.monotonic() - began


def _end(client: Callable[[Workshop], None], shop: Workshop) -> str:
    print(client.__doc__, flush=True)
    try:
        client(shop)
        _called_all(client.__name__, shop.lines)
    except Skipped as why:
        print(f"  SKIPPED: {why}")
        return "SKIPPED"
    except (RuntimeError, OSError) as error:
        print(error)
        return "FAILED"
    return "passed"


def _called_all(client: str, lines: list[str]) -> None:
    """Raises RuntimeError: the interface has an operation that this client did not call."""
    if client in {*OPENAI_CLIENTS, "openai_js", "ai_sdk"}:
        asked = {line.strip().partition(":")[0] for line in lines}
        if missing := set(ASKED) - asked:
            raise RuntimeError(f"not asked: {', '.join(sorted(missing))}")
    if client in OF_OPERATIONS:
        paths = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))["paths"]
        every = {operation["operationId"] for path in paths.values() for operation in path.values()}
        called = {line.strip().partition(":")[0] for line in lines} | set(OF_OPERATIONS[client])
        if missing := every - called:
            raise RuntimeError(f"not called: {', '.join(sorted(missing))}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description="Generate clients, and call all.")
    names = [client.__name__ for client in CLIENTS + WAITING]
    choice = f"by default all: {', '.join(names)}"
    parser.add_argument("clients", nargs="*", default=names, metavar="CLIENT", help=choice)
    parser.add_argument("--seeds", nargs="+", type=int, default=[secrets.randbelow(2**31)], help="of schemathesis")
    parser.add_argument("--examples", type=int, default=5, help="of each kind, for each operation, by schemathesis")
    parser.add_argument("--short", action="store_true", help=f"those that CI tries: {', '.join(SHORT)}")
    given = parser.parse_args()
    if given.short:
        given.clients = SHORT
    if unknown := {*given.clients} - {*names}:
        parser.error(f"there is no client {', '.join(sorted(unknown))}")
    return given


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_arguments())))
