"""Generate clients of docs/, compile them, and have each call every operation of the app on the local stack.

A generator whose program is not there is skipped, and the last lines say so. `DOTNET_TOOLS` names a folder with Kiota,
NSwag and a C# compiler; the others come from npm and PyPI, pinned, into `.local/clients`.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from local.azure_openai.script import describe
from tests.end_to_end.conftest import System, started

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
DOCS: Final = ROOT / "docs"
TOOLS: Final = ROOT / ".local" / "clients"
PYTHON_TOOLS: Final = ("openapi-python-client==0.29.1", "ruff", "datamodel-code-generator==0.89.0")
BLOB, ODD_BLOB = "clients/cat.jpg", "clients/a%2Fb.jpg"


class Skipped(Exception):
    """The generator cannot be had here; the text says why."""


@dataclass
class Workshop:
    """Where clients are made.

    Args:
        folder: for what is generated.
        told: what the clients are told by the environment.
    """

    folder: Path
    told: Mapping[str, str]
    made: set[str] = field(default_factory=set)

    def run(self, *command: str | Path, cwd: Path | None = None) -> None:
        """Runs a program; its output is shown if it fails, and that of clients always."""
        words = [str(word) for word in command]
        done = subprocess.run(
            words, cwd=cwd or self.folder, env=os.environ | self.told, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)[:200]}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        print("".join(line + "\n" for line in done.stdout.splitlines() if line.startswith("  ")), end="")

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
        if "node" not in self.made:
            place.mkdir(parents=True, exist_ok=True)
            for file in (*HERE.glob("*.ts"), *HERE.glob("*.js"), HERE / "package.json", HERE / "tsconfig.json"):
                shutil.copy(file, place)
            self.run("npm", "install", "--no-audit", "--no-fund", "--silent", cwd=place)
            self.run("npx", "openapi-typescript", DOCS / "openapi.oneOf.json", "-o", "generated.d.ts", cwd=place)
            self.run("npx", "tsc", "-p", ".", cwd=place)
            self.made.add("node")
        return place

    def python(self, program: str) -> Path:
        """A program of the Python packages."""
        place = TOOLS / "python"
        if not (place / "bin" / program).exists():
            self.run(sys.executable, "-m", "venv", place)
            self.run(place / "bin" / "pip", "install", "-q", *PYTHON_TOOLS)
        return place / "bin" / program


def nswag(shop: Workshop) -> None:
    """NSwag, C#."""
    options = "/namespace:Generated", "/className:Client", "/generateOptionalParameters:true"
    shop.run(
        shop.dotnet("nswag.sh"), "openapi2csclient", f"/input:{DOCS / 'openapi.json'}", "/output:nswag.cs", *options
    )
    _csharp(shop, "nswag", "nswag.cs", HERE / "nswag_client.cs")


def kiota(shop: Workshop) -> None:
    """Kiota, C#."""
    _kiota(shop, "CSharp", "ApiClient", "Generated.Client")
    _csharp(shop, "kiota", *(shop.folder / "CSharp").rglob("*.cs"), HERE / "kiota_client.cs")


def schemas_in_csharp(shop: Workshop) -> None:
    """NJsonSchema."""
    _csharp(shop, "schemas", HERE / "schemas.cs")


def typescript(shop: Workshop) -> None:
    """openapi-typescript with openapi-fetch."""
    shop.run("node", "out/client.js", cwd=shop.node())


def mcp(shop: Workshop) -> None:
    """The official MCP client for TypeScript."""
    shop.run("node", "out/mcp.js", cwd=shop.node())


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


def pydantic(shop: Workshop) -> None:
    """datamodel-code-generator."""
    kind = "--output-model-type", "pydantic_v2.BaseModel", "--input-file-type", "jsonschema"
    program = shop.python("datamodel-codegen")
    shop.run(program, "--input", DOCS / "record.schema.json", "--output", "record_model.py", *kind)
    reads = "import os, pathlib, record_model; json = pathlib.Path(os.environ['RECORD']).read_text()"
    shop.run(shop.python("python"), "-c", f"{reads}; record_model.Record.model_validate_json(json); print('  record')")


CLIENTS: Final[tuple[Callable[[Workshop], None], ...]] = (
    nswag, kiota, typescript, python, mcp, schemas_in_csharp, ajv, pydantic,
)  # fmt: skip


def _kiota(shop: Workshop, language: str, name: str, namespace: str) -> None:
    document, made = DOCS / "openapi.json", shop.folder / language
    shop.run(
        shop.dotnet("kiota.sh"), "generate", "-l", language, "-d", document, "-c", name, "-n", namespace, "-o", made
    )


def _csharp(shop: Workshop, name: str, *files: Path | str) -> None:
    shop.run(shop.dotnet("csc"), f"-out:{name}.dll", "-nowarn:CS1701,CS1702", *files)
    shop.run(shop.dotnet("run"), f"{name}.dll")


async def main() -> int:
    """Try each client, print what became of it, and return 1 if one failed."""
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "state") as (stack, model):
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            system = System(stack, model, blobs, queues)
            model.script.always(lambda request: system.rules.get(request.images[0].width, describe)(request))  # type: ignore[operator]
            told = await _told(system, Path(folder))
            ends = [await asyncio.to_thread(_tried, client, Workshop(Path(folder), told)) for client in CLIENTS]
    print("\n".join(f"{end:8} {client.__doc__}" for client, end in zip(CLIENTS, ends, strict=True)))
    return int("FAILED" in ends)


async def _told(system: System, folder: Path) -> dict[str, str]:
    for name in (ODD_BLOB, BLOB):
        await system.upload(name, system.picture())
        await system.finished(name)
    record = await system.finished(BLOB)
    record.pop("etag")
    files = {"PICTURE": system.picture(), "RECORD": json.dumps(record).encode()}
    for event in system.events()[-1:]:
        files["EVENT"] = json.dumps(event).encode()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    where = system.stack.addresses
    places = {name: str(folder / name) for name in files} | {"BLOB": BLOB, "ODD_BLOB": ODD_BLOB, "DOCS": str(DOCS)}
    return places | {"APP": where.http, "KEY": where.function_key, "MCP": where.mcp, "MCP_KEY": where.key}


def _tried(client: Callable[[Workshop], None], shop: Workshop) -> str:
    print(client.__doc__, flush=True)
    try:
        client(shop)
    except Skipped as why:
        print(f"  SKIPPED: {why}")
        return "SKIPPED"
    except (RuntimeError, OSError) as error:
        print(error)
        return "FAILED"
    return "passed"


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
