"""What is printed can be read by whatever reads it: pipes, spreadsheets, browsers, terminals of any encoding."""

import asyncio
import csv
import io
import json
import os
import pty
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from local import environment
from local.azure_openai.answers import Answer, Request
from local.azure_openai.script import Model, Reply, describe
from local.children import ROOT
from local.storage import Storage
from tests import pictures
from tests.cli.conftest import Shell, jpeg

SIGN = "Ein Schild: 咖啡 für Übergröße."
NAME = "ünï☕.jpg"


def _saying(text: str) -> Callable[[Request], Reply]:
    """A rule: every alt text is this one."""

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: text if key == "alt_text" else put(each) for key, each in value.items()}
        return value

    def rule(request: Request) -> Reply:
        said = describe(request)
        assert isinstance(said, Answer) and said.content
        return Answer(json.dumps(put(json.loads(said.content))))

    return rule


@pytest.mark.long
@pytest.mark.parametrize(
    ("form", "encoding"),
    [
        ((), "cp1252"),
        (("--json",), "cp1252"),
        (("--json",), "ascii"),
        (("--csv",), "ascii"),
        (("--html",), "cp1252"),
        (("--alt-only",), "ascii"),
    ],
)
async def test_no_encoding_loses_a_picture_or_a_letter_in_a_pipe(
    shell: Shell, model: Model, form: tuple[str, ...], encoding: str
) -> None:
    model.script.always(_saying(SIGN))
    for number in range(3):
        shell.picture(f"all/{number}-{NAME}", jpeg(330 + number))
    done = await shell.run("describe", "all", *form, "-l", "de", PYTHONIOENCODING=encoding)
    assert done.code == 0, done.err
    assert done.out.count(SIGN) == 3
    named = [f"{number}-{NAME}" in done.out for number in range(3)]
    assert named == [form != ("--alt-only",)] * 3


async def test_a_terminal_that_cannot_show_a_sign_shows_another(shell: Shell, model: Model) -> None:
    """And each row comes in its columns, below a header."""
    model.script.always(_saying(SIGN))
    for number in range(2):
        shell.picture(f"all/{number}-{NAME}", jpeg(340 + number))
    code, shown = await asyncio.to_thread(_on_terminal, shell, ["describe", "all", "-l", "de", "--yes"], "ascii")
    assert code == 0, shown
    assert "Picture" in shown and "Alt text, or why there is none" in shown
    for number in range(2):
        assert re.search(rf"^{number}-.n.*\.jpg +described +Ein Schild: \?", shown, re.MULTILINE), shown
    assert "2 described; about " in shown


def _on_terminal(shell: Shell, arguments: list[str], encoding: str) -> tuple[int, str]:
    """What a terminal of 100 columns shows in the end, without what moves its cursor, and the exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(shell.folder)
        environ = {**environment.clean(), **shell.settings, "PYTHONPATH": str(ROOT)}
        os.execve(  # noqa: S606 - the child of a terminal
            sys.executable,
            [sys.executable, "-m", "describer", *arguments],
            environ | {"PYTHONIOENCODING": encoding, "TERM": "xterm", "COLUMNS": "100"},
        )
    shown = b""
    try:
        while piece := os.read(terminal, 65_536):
            shown += piece
    except OSError:  # how Linux tells that the other side is closed
        pass
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode("utf-8", "replace"))
    return os.waitstatus_to_exitcode(status), re.sub(r"[^\n]*\r(?!\n)", "", plain).replace("\r\n", "\n")


async def test_a_pipe_gets_a_line_for_each_picture_however_long_it_is(shell: Shell, model: Model) -> None:
    long = (
        "A farmer in a blue coat walks along a muddy path between two hedges towards a red barn with a rusted roof "
        "while a black dog waits beside the wooden gate and looks up at the crows that sit on the wire under a grey sky"
    )
    model.script.always(_saying(f"{long}.\nA sheep\tstands by."))
    shell.picture("all/a\tb.jpg", jpeg(350))
    shell.picture("all/broken.jpg", jpeg(351)[:700])
    done = await shell.here("describe", "all", "--ordered", "--max-chars", "1000")
    assert done.code == 1
    first, second = (line.split("\t") for line in done.out.splitlines())
    assert first[:2] == ["a b.jpg", "described"] and first[2].startswith(long) and first[3] == ""
    assert second[:3] == ["broken.jpg", "corrupt", ""] and second[3].endswith("Use an undamaged copy.")
    assert "\n1 described, 1 corrupt; about " in done.err
    alone = await shell.here("describe", "all/a\tb.jpg")
    assert len(alone.out.splitlines()) == 1


async def test_csv_is_what_a_spreadsheet_reads(shell: Shell, model: Model) -> None:
    model.script.always(_saying('=A1+"2", she said.'))
    shell.picture("all/a,b.jpg", jpeg(352))
    shell.picture("all/broken.jpg", jpeg(351)[:700])
    done = await shell.here("describe", "all", "--csv", "-l", "en,de")
    assert done.out.startswith("\ufeffpicture,status,")
    rows = {row["picture"]: row for row in csv.DictReader(io.StringIO(done.out.removeprefix("\ufeff"), newline=""))}
    good, broken = rows["a,b.jpg"], rows["broken.jpg"]
    assert good["alt_text:en"] == good["alt_text:de"] == '\'=A1+"2", she said.'
    assert (good["status"], good["language"], good["is_decorative"]) == ("described", "en", "no")
    assert (broken["status"], broken["alt_text:en"]) == ("corrupt", "") and "damaged" in broken["reason"]


async def test_one_missing_file_does_not_stop_the_others(shell: Shell) -> None:
    shell.picture("a.jpg", jpeg(353))
    shell.picture("b.jpg", jpeg(354))
    (shell.folder / "empty").mkdir()
    urls = ["ftp://example.org/x/y.jpg", "file:///x.jpg"]
    given = ["a.jpg", "absent.jpg", "*.png", "empty", "", *urls, "b.jpg"]
    done = await shell.here("describe", *given, "--json", "--ordered")
    assert done.code == 1
    assert [line["status"] for line in done.lines] == ["described", *["absent"] * 4, *["unfetchable"] * 2, "described"]
    assert [line.get("reason") for line in done.lines[1:7]] == [
        "There is no file or folder 'absent.jpg'.",
        "There is no file or folder '*.png'. The shell has not expanded the pattern; name a folder instead.",
        "There is no picture in the folder 'empty'.",
        "The name of a file or folder is empty.",
        *["Only https: and data: URLs are fetched."] * 2,
    ]
    question = await shell.here("describe", "a.jpg", "absent.jpg", "--prompt", "What?")
    assert (question.code, question.out) == (1, "") and "no file or folder 'absent.jpg'" in question.err


async def test_pictures_in_formats_that_are_not_read_are_named(shell: Shell) -> None:
    shell.picture("all/a.jpg", jpeg(355))
    shell.picture("all/notes.txt", b"These are notes about pictures.")
    for name, head in (("scan.ppm", b"P6\n4 4\n255\n"), ("poster.psd", b"8BPS\0\1"), ("logo.svg", b"<svg xmlns='x'/>")):
        shell.picture(f"all/{name}", head + bytes(48))
    shell.picture("all/empty.jpg", b"")
    shell.picture("all/page.png", b"<!doctype html><title>Sign in</title>")
    done = await shell.here("describe", "all", "--json")
    assert (done.code, len(done.lines)) == (0, 1)
    assert "Skipped files that are not pictures: 1.\n" in done.err
    assert "Skipped files that cannot be described: 5.\n" in done.err
    for said in (
        "empty.jpg: The file is empty.",
        "page.png: The name is a picture's, but the content is not.",
        "logo.svg: This is an SVG",
        "poster.psd: This is a Photoshop",
        "scan.ppm: This is a picture in a format",
    ):
        assert said in done.err
    (shell.folder / "all" / "a.jpg").unlink()
    none = await shell.here("describe", "all")
    assert none.code == 2 and "There is no picture of a format that is read in the folder 'all'." in none.err


@pytest.mark.parametrize("form", [None, "--json", "--csv", "--html"])
async def test_names_are_relative_to_the_only_folder_in_every_form(shell: Shell, form: str | None) -> None:
    shell.picture("far/away/photos/a.jpg", jpeg(356))
    shell.picture("far/away/photos/sub/b.jpg", jpeg(357))
    shell.picture("far/away/photos/c.jpg", b"")
    folder = str(shell.folder / "far" / "away" / "photos")
    done = await shell.here("describe", folder, "--ordered", *filter(None, [form]))
    places = [done.out.index(name) for name in ("a.jpg", "sub/b.jpg")]
    assert places == sorted(places) and "far" not in done.out + done.err
    both = await shell.here("describe", folder, str(shell.folder / "far"), "--ordered", *filter(None, [form]))
    assert all(f"{folder}/{name}" in both.out for name in ("a.jpg", "sub/b.jpg"))


async def test_a_damaged_file_is_reported_in_one_sentence_about_a_file(shell: Shell) -> None:
    """And the libraries that decode it are not heard."""
    fax = pictures.saved(pictures.scene(600, 400).convert("1"), "TIFF", compression="group4")
    ruined = bytearray(fax)
    ruined[200:-200] = b"\x5a\xa5" * ((len(fax) - 400) // 2)
    shell.picture("all/fax.tif", bytes(ruined))
    shell.picture("all/broken.jpg", jpeg(358)[:700])
    shell.picture("all/fine.jpg", jpeg(359))
    done = await shell.run("describe", "all", "--json", "--ordered")
    count, cost = done.err.splitlines()
    assert (done.code, count[:11], cost[:6]) == (1, "3 pictures,", "About ")
    statuses = {line["picture"]: line["status"] for line in done.lines}
    assert (statuses["broken.jpg"], statuses["fine.jpg"]) == ("corrupt", "described")
    assert not [line for line in done.lines if "pload" in line.get("reason", "")]


@pytest.mark.long
async def test_folders_of_blobs_and_empty_names_say_what_to_type(installation: Shell, storage: Storage) -> None:
    container = installation.settings["IMAGES_CONTAINER"]
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(container, "museum/a.jpg").upload_blob(jpeg(360))
    given = ["", "museum/", "museum/*.jpg", "a/../b.jpg", "museum/a.jpg"]
    done = await installation.run("describe", "--container", container, *given, "--json", "--ordered")
    assert done.code == 1
    empty, folder, pattern, dots, good = done.lines
    assert "name is empty" in empty["reason"] and "segment" in dots["reason"]
    for line in (folder, pattern):
        assert f"`describer backfill --container {container} --prefix museum/`" in line["reason"]
    assert good["status"] == "described"


async def test_common_options_stand_anywhere(shell: Shell) -> None:
    shell.picture("a.jpg", jpeg(361))
    (shell.folder / "mine.json").write_text(json.dumps({"Values": {"DESCRIPTION_LANGUAGES": "de"}}))
    for arguments in (
        ("--settings", "mine.json", "describe", "a.jpg", "--alt-only"),
        ("describe", "--settings", "mine.json", "a.jpg", "--alt-only", "-v"),
        ("describe", "a.jpg", "--alt-only", "--verbose", "--settings=mine.json"),
    ):
        done = await shell.here(*arguments)
        assert (done.code, done.out[:12]) == (0, "Ein Testbild"), done.err
    told = await shell.here("backfill", "status", "--settings", "absent.json")
    assert (told.code, "'absent.json' cannot be read" in told.err) == (3, True)


async def test_a_shell_completes_commands_and_options(shell: Shell) -> None:
    script = await shell.here("completion", "bash")
    assert (script.code, "complete -o nosort -F _describer_completion describer" in script.out) == (0, True)
    asked = await shell.run(_DESCRIBER_COMPLETE="bash_complete", COMP_WORDS="describer describe --al", COMP_CWORD="2")
    assert asked.out == "plain,--alt-only\n"
    files = await shell.run(_DESCRIBER_COMPLETE="bash_complete", COMP_WORDS="describer describe ph", COMP_CWORD="2")
    assert files.out == "file,\n" or files.out.startswith("file,")


async def test_the_settings_are_listed(shell: Shell) -> None:
    from describer.settings import Settings

    names = [field.alias for field in Settings.model_fields.values()]
    lines = (await shell.here("settings")).out.splitlines()
    assert [line.split("\t")[0] for line in lines] == names
    assert {len(line.split("\t")) for line in lines} == {4}
    shown = {line["name"]: line for line in (await shell.here("settings", "--json")).lines}
    assert shown["DESCRIPTION_LANGUAGES"]["default"] == "en" and shown["IMAGES_CONTAINER"]["default"] == "required"
