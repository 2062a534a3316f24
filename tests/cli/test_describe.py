"""Files, folders, URLs and the standard input become texts; each way to fail has its sentence and its code."""

import asyncio
import json
import os
import re
import shlex
import sys
from collections.abc import Callable

import pytest
from azure.core.exceptions import ClientAuthenticationError

from describer.adapters.storage import storage_errors
from describer.domain.errors import Misconfigured
from local.azure_openai import faults
from local.azure_openai.answers import Answer, Request
from local.azure_openai.script import Model, Reply, describe
from local.storage import Storage
from tests import pictures
from tests.cli.conftest import Shell, jpeg


def by_width(**replies: Reply) -> Callable[[Request], Reply]:
    """A rule: `w211` is what is said to a picture that is 211 pixels wide."""

    def rule(request: Request) -> Reply:
        return replies.get(f"w{request.images[0].width}") or describe(request)

    return rule


@pytest.mark.long
async def test_a_folder_is_walked_for_all_that_can_be_read(shell: Shell) -> None:
    formats = {"a.heic": "heic", "b/c.tiff": "tiff", "b/d.avif": "avif", "no-ending": "png", "z.jpg": "webp"}
    for name, kind in formats.items():
        shell.picture(f"photos/{name}", pictures.EVERY_KIND[kind][1])
    shell.picture("photos/notes.txt", b"no picture")
    shell.picture("photos/.hidden.jpg", jpeg(150))
    shell.picture("photos/.git/x.jpg", jpeg(150))
    done = await shell.run("describe", "photos", "--json", "-l", "de,en")
    assert done.code == 0, done.err
    shown = {line["picture"]: line for line in done.lines}
    assert shown.keys() == formats.keys()
    assert {line["status"] for line in done.lines} == {"described"}
    assert [shown[name]["source"]["format"] for name in ("a.heic", "b/c.tiff", "z.jpg")] == ["HEIF", "TIFF", "WEBP"]
    assert shown["a.heic"]["alt_text"].startswith("Ein Testbild")
    assert shown["a.heic"]["translations"]["en"]["alt_text"].startswith("A test picture")
    passed_over, count, cost = done.err.splitlines()
    assert passed_over == "Skipped files that are not pictures: 1."
    assert count.startswith("5 pictures, ")
    assert re.fullmatch(r"About [0-9.]+ USD by list price \([0-9.]+ to [0-9.]+\), [0-9,]+ tokens\.", cost)


@pytest.mark.parametrize(("answer", "asked"), [(b"n\n", 0), (b"y\n", 2)])
async def test_on_a_terminal_a_folder_needs_confirmation(shell: Shell, model: Model, answer: bytes, asked: int) -> None:
    for number in range(2):
        shell.picture(f"photos/{number}.jpg", jpeg(230 + number))
    before = len(model.requests)
    done = await shell.at_a_terminal(answer, "describe", "photos", "--alt-only", MODEL_TOKENS_PER_MINUTE="30000")
    assert done.code == 0, done.err
    assert "2 pictures, 0." in done.err
    assert "At least " in done.err
    assert "Describe these 2 pictures? [y/N]" in done.err
    assert (len(model.requests) - before, len(done.out.splitlines())) == (asked, asked)
    assert ("Nothing was sent." in done.err) is (asked == 0)


async def test_yes_does_not_ask_and_files_are_no_folder(shell: Shell, model: Model) -> None:
    shell.picture("photos/a.jpg", jpeg(240))
    before = len(model.requests)
    for arguments in (("describe", "photos", "--yes"), ("describe", "photos/a.jpg")):
        done = await shell.at_a_terminal(b"", *arguments)
        assert (done.code, "[y/N]" in done.err) == (0, False)
    assert len(model.requests) == before + 2


async def test_the_order_of_the_arguments_is_that_of_the_answers(shell: Shell, model: Model) -> None:
    names = [f"{number}.jpg" for number in range(12)]
    for number, name in enumerate(names):
        shell.picture(name, jpeg(300 + number))
    done = await shell.here("describe", *names, "--json", "--ordered", MODEL_CONCURRENCY="4")
    assert [line["picture"] for line in done.lines] == names
    assert [line["source"]["width"] for line in done.lines] == list(range(300, 312))


async def test_each_picture_that_has_no_text_says_why(shell: Shell, model: Model) -> None:
    model.script.always(by_width(w211=faults.content_filter_prompt(), w212=faults.refused()))
    shell.picture("good.jpg", jpeg(210))
    shell.picture("filtered.jpg", jpeg(211))
    shell.picture("refused.jpg", jpeg(212))
    shell.picture("corrupt.jpg", jpeg(213)[:700])
    shell.picture("text.jpg", b"no picture")
    shell.picture("large.jpg", jpeg(210) + b"\0" * 200_000)
    urls = ["https://127.0.0.1/x.jpg", "http://example.org/x.jpg", "data:image/png;base64,%%%"]
    files = ["good.jpg", "filtered.jpg", "refused.jpg", "corrupt.jpg", "text.jpg", "large.jpg"]
    done = await shell.here("describe", *files, *urls, "--json", "--ordered", MAX_IMAGE_MB="0.1")
    assert done.code == 1
    statuses = ["described", "filtered", "needs_review", "corrupt", "unsupported", "too_large", *["unfetchable"] * 3]
    assert [line["status"] for line in done.lines] == statuses
    assert all(line["reason"].endswith(".") for line in done.lines[1:])
    table = await shell.here("describe", *files, *urls, MAX_IMAGE_MB="0.1")
    assert table.code == 1
    assert "1 described" in table.err and "1 filtered" in table.err and len(table.out.splitlines()) == 9
    alone = await shell.here("describe", *files[:3], "--alt-only")
    assert len(alone.out.splitlines()) == 3
    assert alone.out.startswith("A test picture of 210 by 100 pixels")
    assert alone.out.splitlines()[1:] == ["", ""]
    assert "filtered.jpg: " in alone.err and "refused.jpg: " in alone.err


@pytest.mark.parametrize("form", [(), ("--json",), ("--alt-only",)])
async def test_no_signature_and_no_password_of_an_address_is_printed(shell: Shell, form: tuple[str, ...]) -> None:
    signed = ["https://u:SECRET@127.0.0.1/x.jpg", "https://127.0.0.1/x.jpg?sig=SECRET", "ftp://h/x?SECRET"]
    done = await shell.run("--verbose", "describe", *signed, *form)
    assert done.code == 1
    assert "x.jpg" in done.out + done.err
    assert "SECRET" not in done.out + done.err


@pytest.mark.long
async def test_the_standard_input_and_a_data_url_are_pictures_too(shell: Shell) -> None:
    from base64 import b64encode

    url = f"data:image/jpeg;base64,{b64encode(jpeg(221)).decode()}"
    done = await shell.run("describe", "-", url, "--json", "--ordered", stdin=jpeg(220))
    assert (done.code, [line["source"]["width"] for line in done.lines]) == (0, [220, 221])
    assert [line["picture"][:10] for line in done.lines] == ["-", "data:image"]


async def test_one_picture_is_shown_whole_and_nothing_it_says_moves_the_terminal(shell: Shell, model: Model) -> None:
    def escaping(request: Request) -> Reply:
        said = describe(request)
        assert isinstance(said, Answer) and said.content
        body = json.loads(said.content)
        body["visible_text"] = "\x1b]0;title\x07\x9b2Jhello"
        return Answer(json.dumps(body))

    model.script.always(escaping)
    shell.picture("sign.jpg", jpeg(230))
    done = await shell.here("describe", "sign.jpg")
    assert done.code == 0
    assert len(done.out.splitlines()) == 1 and "\tdescribed\tA test picture of 230" in done.out
    lines = (await shell.here("describe", "sign.jpg", "--json")).out
    assert not {"\x1b", "\x07", "\x9b"} & set(done.out + lines)
    assert json.loads(lines)["visible_text"].endswith("2Jhello")


@pytest.mark.long
async def test_nor_does_the_name_of_a_file(shell: Shell) -> None:
    shell.picture("all/\x1b]0;title\x07.jpg", b"\xff\xd8\xffbroken")
    shell.picture(os.fsdecode(b"all/caf\xe9.jpg"), b"\xff\xd8\xffbroken")
    for form in ("--alt-only", "--json"):
        done = await shell.run("describe", "all", form, PYTHONIOENCODING="utf-8:strict")
        assert done.code == 1, done.err
        assert not {"\x1b", "\x07"} & set(done.out + done.err)


async def test_a_question_has_one_answer_about_all_pictures(shell: Shell, model: Model) -> None:
    for name in ("a.jpg", "b.jpg"):
        shell.picture(name, jpeg(235))
    model.script.always(lambda _: Answer("One \x1b[2Jis older."))
    asked = ["describe", "a.jpg", "b.jpg", "--prompt", "What has changed?", "--max-tokens", "300", "-l", "de"]
    done = await shell.here(*asked)
    assert (done.code, done.out) == (0, "One [2Jis older.\n"), done.err
    request = model.requests[-1]
    assert (len(request.images), request.max_tokens) == (2, 300)
    shown = (await shell.here(*asked, "--json")).lines[0]
    assert (shown["answer"], shown["ending"]) == ("One [2Jis older.", "complete")
    assert shown["usage"]["calls"] == 1
    model.script.always(lambda _: faults.cut_off("One is"))
    cut = await shell.here(*asked)
    assert (cut.code, cut.out, "--max-tokens" in cut.err) == (1, "One is\n", True)
    shell.picture("b.jpg", b"no picture")
    refused = await shell.here(*asked)
    assert (refused.code, refused.out, "Picture 2: " in refused.err) == (1, "", True)
    many = await shell.here("describe", *["a.jpg"] * 11, "--prompt", "What?")
    assert (many.code, "1 to 10 pictures, not 11" in many.err) == (2, True)


async def test_a_model_that_is_gone_means_later(shell: Shell, model: Model) -> None:
    shell.picture("a.jpg", jpeg(240))
    model.script.always(by_width(w240=faults.rate_limited(60)))
    done = await shell.here("describe", "a.jpg", "--json")
    assert (done.code, done.lines[0]["status"]) == (4, "later")
    assert "429" in done.lines[0]["reason"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"OPENAI_BASE_URL": ""}, "AZURE_OPENAI_ENDPOINT or OPENAI_BASE_URL"),
        ({"OPENAI_MODEL": ""}, "OPENAI_MODEL is not set"),
        ({"OPENAI_MODEL": "absent"}, "DeploymentNotFound"),
        ({"MAX_ATTEMPTS": "many"}, "MAX_ATTEMPTS is 'many'"),
    ],
)
async def test_a_faulty_installation_is_reported_once_and_ends_the_run(
    shell: Shell, settings: dict[str, str], named: str
) -> None:
    for number in range(3):
        shell.picture(f"photos/{number}.jpg", jpeg(250))
    done = await shell.here("describe", "photos", **settings)
    assert (done.code, done.out) == (3, "")
    assert done.err.count(named) == 1


async def test_the_file_of_core_tools_fills_in_for_the_environment(shell: Shell) -> None:
    shell.picture("a.jpg", jpeg(260))
    values = {name: shell.settings[name] for name in ("OPENAI_BASE_URL", "OPENAI_MODEL")}
    here = shell.folder / "local.settings.json"
    here.write_text(json.dumps({"Values": values | {"DESCRIPTION_LANGUAGES": "de"}}))
    shell.settings = {}
    done = await shell.here("describe", "a.jpg", "--alt-only")
    assert (done.code, done.out[:12]) == (0, "Ein Testbild")
    done = await shell.here("describe", "a.jpg", "--alt-only", DESCRIPTION_LANGUAGES="fr")
    assert (done.code, done.out[:11]) == (0, "Test de 260")
    here.write_text("{")
    done = await shell.here("describe", "a.jpg")
    assert (done.code, "local.settings.json" in done.err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["describe"], "Missing argument"),
        (["describe", "absent.jpg"], "no file or folder 'absent.jpg'"),
        (["describe", "empty"], "no picture in the folder 'empty'"),
        (["describe", "a.jpg", "--json", "--alt-only"], "exclude each other"),
        (["describe", "a.jpg", "--write"], "--write needs --container"),
        (["describe", "a.jpg", "-l", "english!"], "Language 1 is not a BCP 47 tag"),
        (["describe", "a.jpg", "--model", "gpt-9"], "model must be one of gpt-5.6-luna"),
        (["describe", "a.jpg", "--max-tokens", "1"], "max_tokens is 1"),
        (["show", "images"], "is not CONTAINER/NAME"),
    ],
)
async def test_a_wrong_command_line_is_code_2(shell: Shell, arguments: list[str], said: str) -> None:
    (shell.folder / "empty").mkdir()
    shell.picture("a.jpg", jpeg(280))
    done = await shell.here(*arguments, IMAGES__blobServiceUri="https://127.0.0.1:1/images")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


@pytest.mark.long
async def test_a_reader_that_has_had_enough_and_a_full_disk_are_no_bugs(shell: Shell) -> None:
    for number in range(2):
        shell.picture(f"{number}.jpg", jpeg(275))
    command = f"{shlex.quote(sys.executable)} -m describer describe 0.jpg 1.jpg --alt-only"
    enough, full = await asyncio.gather(shell.shell(f"{command} | true"), shell.shell(f"{command} > /dev/full"))
    assert (enough.code, enough.err) == (0, "")
    assert (full.code, full.err) == (1, "The output cannot be written: No space left on device.\n")


async def test_a_missing_sign_in_is_reported_in_one_line(shell: Shell) -> None:
    shell.picture("a.jpg", jpeg(276))
    azure = {"AZURE_OPENAI_ENDPOINT": "https://vision.example", "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna"}
    shell.settings = azure | {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
    done = await shell.here("describe", "a.jpg")
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert "az login" in done.err
    with (
        pytest.raises(Misconfigured, match="the picture 'a': no identity is signed in; run `az login`"),
        storage_errors("the picture 'a'"),
    ):
        raise ClientAuthenticationError("No identity was found.\nTried: this")


@pytest.mark.long
async def test_a_stored_language_is_free_and_a_written_one_is_added(
    storage: Storage, installation: Shell, model: Model
) -> None:
    container = installation.settings["IMAGES_CONTAINER"]
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(container, "cat.jpg").upload_blob(jpeg(310))
    of_blob = ("describe", "--container", container, "cat.jpg", "--json")
    await installation.run(*of_blob, "--write", "--language", "en,de")
    before = len(model.requests)
    for wanted in ("de", "en", "de,en"):
        [record] = (await installation.run(*of_blob, "--language", wanted)).lines
        assert (record["language"], record["usage"]["calls"]) == (wanted[:2], 0)
    assert len(model.requests) == before
    await installation.run(*of_blob, "--write", "--language", "fr")
    shown = await installation.run("show", f"{container}/cat.jpg", "--json")
    assert [shown.lines[0]["language"], *shown.lines[0]["translations"]] == ["en", "de", "fr"]
    assert len(model.requests) == before + 1
