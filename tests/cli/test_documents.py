"""The commands in docs/cli.md and in the help work."""

import asyncio
import re
import shlex
import sys
from pathlib import Path

import pytest
from click import unstyle
from click.testing import CliRunner

from describer.entrypoints.cli.commands import cli
from describer.entrypoints.cli.exit_codes import Exit
from local.children import ROOT
from local.storage import Storage
from tests.cli.conftest import Shell, jpeg

DOCUMENT = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


@pytest.mark.long
async def test_the_commands_of_the_document_run(installation: Shell, storage: Storage) -> None:
    images = installation.settings["IMAGES_CONTAINER"]
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(images, "pets/cat.jpg").upload_blob(jpeg(320))
        await blobs.get_blob_client(images, "lines/rule.png").upload_blob(jpeg(321))
    for name in ("cat.jpg", "coffee.jpg"):
        sample = (ROOT / "samples" / name).read_bytes()
        installation.picture(name, sample)
        installation.picture(f"photos/{name}", sample)
    program = f'describer() {{ {shlex.quote(sys.executable)} -m describer "$@"; }}\n'
    blocks = [block.replace("images", images) for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)]
    assert "".join(blocks).count("describer ") >= 10
    erasing = [block for block in blocks if "describer purge" in block]  # after it, a picture is left out
    correcting = [block for block in blocks if "describer set" in block]  # as they change what is shown
    showing = [block for block in blocks if "describer show" in block and block not in correcting]  # what others wrote
    two = asyncio.Semaphore(2)

    async def typed(block: str) -> str:
        async with two:
            done = await installation.shell(program + block)
        assert done.code == 0, done.out + done.err
        return done.out

    shown = await asyncio.gather(*(typed(block) for block in blocks if block not in [*showing, *correcting, *erasing]))
    for block in showing:
        assert "A test picture of 320 by 100 pixels" in await typed(block)
    await typed(f"describer describe --container {images} lines/rule.png --write")
    for block in [*correcting, *erasing]:
        await typed(block)
    assert any('<img src="cat.jpg" lang="en" alt="A test picture of 451 by 300 pixels' in out for out in shown)
    assert len((installation.folder / "descriptions.jsonl").read_text().splitlines()) == 2


def test_every_exit_code_is_documented() -> None:
    table = DOCUMENT.split("## Exit codes")[1]
    listed = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    assert {int(code) for codes in listed for code in codes.split(",")} == set(Exit)


@pytest.mark.parametrize("command", ["", *cli.commands])
def test_the_help_of_each_command_has_examples_that_parse(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that: they are not run."""
    monkeypatch.chdir(tmp_path)
    arguments = [command, "--help"] if command else ["--help"]
    said = unstyle(CliRunner().invoke(cli, arguments, prog_name="describer", terminal_width=200).output)
    examples = re.findall(r"(?:^ +|\| )(describer .+?)(?:  |[|>]|$)", said, re.MULTILINE)
    assert examples or command == "doctor", said
    for example in examples:
        _, name, *rest = shlex.split(example)
        for file in (word for word in rest if word.endswith((".csv", ".jsonl"))):
            (tmp_path / file).touch()
        cli.commands[name].make_context(name, rest)


def test_the_package_holds_all_that_it_reads() -> None:
    import tomllib

    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = config["tool"]["setuptools"]["package-data"].items()
    patterns = [(ROOT.joinpath(*package.split(".")), pattern) for package, several in packages for pattern in several]
    folder = ROOT / "describer"
    data = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
    assert data == {path for package, pattern in patterns for path in package.glob(pattern)}
    assert all((path / "__init__.py").exists() for path in map(Path, {path.parent for path in folder.rglob("*.py")}))
    assert config["project"]["scripts"] == {"describer": "describer.__main__:main"}
