"""The demo's decisions: which files, under which names, described by whom, and what it says."""

import json
import os
import unicodedata
from pathlib import Path, PurePath
from typing import Any

import pytest

from local import start
from local.demo.__main__ import main, without_trace
from local.demo.pictures import LeftOut, Picture, blob_name, find
from local.demo.provider import STAND_IN, Unusable, choose
from local.demo.result import Result, Totals
from local.demo.run import chosen
from local.demo.screen import printable
from local.demo.watch import last_reason, sidecar_name

HOSTILE = (
    "with blank.jpg",
    " leading and trailing ",
    "50%25 #1?a=b&c=d+e.png",
    'it\'s "quoted" <b>.gif',
    "größe.jpg",
    unicodedata.normalize("NFD", "größe.png"),
    "写真 🐈\u200d⬛.webp",
    ".hidden",
    "..two dots.jpg",
    "a\nb.jpg",
    "dot.",
    "~$[x]{y};:,@!*|.jpg",
)

AZURE = {"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com/", "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna"}
OPENAI = {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "gemma3"}


def write(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_goes_as_it_is(name: str) -> None:
    assert blob_name(PurePath(name)) == name
    assert blob_name(PurePath("a b", name)) == f"a b/{name}"


def test_a_backslash_is_what_storage_makes_of_it() -> None:
    assert blob_name(PurePath("a\\b.jpg")) == "a/b.jpg"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (os.fsdecode(b"\xff.jpg"), "UTF-8"),
        ("/".join(["x" * 200] * 6), "1,024"),
        ("a\\..\\b.jpg", "somewhere else"),
        ("a\\\\b.jpg", "somewhere else"),
    ],
)
def test_what_no_blob_can_be_called_is_refused(name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        blob_name(PurePath(name))


def test_a_folder_is_read_with_all_below(tmp_path: Path) -> None:
    write(tmp_path, "b.jpg", "a/c.jpg", "a/deep er/.d", "notes.txt")
    assert [each.name for each in find(tmp_path)] == ["a/c.jpg", "a/deep er/.d", "b.jpg", "notes.txt"]


def test_a_single_file_will_do(tmp_path: Path) -> None:
    write(tmp_path, "b.jpg")
    assert list(find(tmp_path / "b.jpg")) == [Picture(tmp_path / "b.jpg", "b.jpg")]


def test_links_are_followed_but_never_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, "pictures/a/b.jpg", "elsewhere/c.jpg")
    pictures = tmp_path / "pictures"
    (pictures / "a/back").symlink_to(pictures)
    (pictures / "a/up").symlink_to(tmp_path)
    (pictures / "broken").symlink_to("nowhere")
    (pictures / "itself").symlink_to("itself")
    (pictures / "else").symlink_to(tmp_path / "elsewhere")
    found = list(find(pictures))
    assert [each.name for each in found if isinstance(each, Picture)] == ["a/b.jpg", "else/c.jpg"]
    left_out = {each.name: each.wanted for each in found if isinstance(each, LeftOut)}
    assert left_out == {"a/back/": False, "a/up/": False, "broken": False, "itself": False}


def test_what_is_no_regular_file_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert list(find(tmp_path)) == [LeftOut("pipe", "it is no regular file", wanted=False)]


def test_two_files_never_share_a_blob(tmp_path: Path) -> None:
    write(tmp_path, "a/b.jpg", "a\\b.jpg")
    first, second = find(tmp_path)
    assert isinstance(first, Picture)
    assert isinstance(second, LeftOut)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.JPG", "image/jpeg"),
        ("a.heic", "image/heic"),
        ("a.avif", "image/avif"),
        ("a.webp", "image/webp"),
        ("x/a.tif", "image/tiff"),
        ("a.txt", "text/plain"),
        (".hidden", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_content_types(name: str, content_type: str) -> None:
    assert Picture(Path(name), name).content_type == content_type


def test_only_the_pictures_of_the_samples_are_described() -> None:
    names = [picture.name for picture in chosen("").pictures]
    assert len(names) == 8
    assert {PurePath(name).suffix for name in names} == {".heic", ".jpg", ".png", ".webp"}


@pytest.mark.parametrize("folder", ["absent", "empty"])
def test_no_pictures_is_one_sentence_and_exit_code_2(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PICTURES", str(tmp_path / folder))
    monkeypatch.setenv("MODEL_PROVIDER", "local")
    assert end_of_main(tmp_path) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert folder in printed.err
    assert not printed.out


def end_of_main(tmp_path: Path) -> int:
    import signal

    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return main(["--state", str(tmp_path / "state"), "--out", str(tmp_path / "out")])
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("given", [{}, {"MODEL_PROVIDER": ""}, {"MODEL_PROVIDER": "local"}])
def test_the_environment_alone_sends_no_picture_anywhere(given: dict[str, str]) -> None:
    provider = choose({**AZURE, **OPENAI, "OPENAI_API_KEY": "k", "HTTPS_PROXY": "http://proxy:1", **given})
    assert provider.command is not None
    assert "local.azure_openai" in provider.command
    assert STAND_IN in provider.command
    assert provider.settings == {}
    assert provider.where.startswith("Pictures stay on this machine: described by the local stand-in")
    assert "not a language model" in provider.caption


def test_azure_is_asked_as_who_is_signed_in() -> None:
    provider = choose({**AZURE, **OPENAI, "MODEL_PROVIDER": "azure", "AZURE_OPENAI_SCOPE": "https://x/.default"})
    assert provider.command is None
    assert provider.where == "Pictures are sent to mine.openai.azure.com (deployment gpt-5.6-luna)."
    assert provider.settings == {
        **AZURE,
        "AZURE_OPENAI_SCOPE": "https://x/.default",
        "MODEL_PROVIDER": "azure",
        "AZURE_TOKEN_CREDENTIALS": "dev",
    }


def test_azure_by_key_asks_for_no_token() -> None:
    provider = choose({**AZURE, "AZURE_OPENAI_API_KEY": "secret", "MODEL_PROVIDER": "azure"})
    assert provider.settings["AZURE_OPENAI_API_KEY"] == "secret"
    assert "AZURE_TOKEN_CREDENTIALS" not in provider.settings
    assert "secret" not in repr(provider)


def test_a_server_on_this_machine_is_not_somewhere_else() -> None:
    provider = choose({**OPENAI, **AZURE, "MODEL_PROVIDER": "openai", "MODEL_FAMILY": "gpt-5.6-luna"})
    assert provider.where == "Pictures stay on this machine, at 127.0.0.1:11434 (model gemma3)."
    assert provider.settings == {**OPENAI, "MODEL_FAMILY": "gpt-5.6-luna", "MODEL_PROVIDER": "openai"}


def test_passwords_in_an_address_are_not_shown() -> None:
    provider = choose({**OPENAI, "OPENAI_BASE_URL": "https://me:pw@models.example/v1", "MODEL_PROVIDER": "openai"})
    assert provider.where == "Pictures are sent to models.example (model gemma3)."
    assert "pw" not in repr(provider)


def test_proxies_lead_to_the_model_and_never_to_this_machine() -> None:
    proxies = {"https_proxy": "http://proxy:3128", "HTTP_PROXY": "http://proxy:3128", "no_proxy": ".corp"}
    settings = choose({**AZURE, **proxies, "MODEL_PROVIDER": "azure"}).settings
    assert settings["https_proxy"] == settings["HTTP_PROXY"] == "http://proxy:3128"
    assert settings["NO_PROXY"] == settings["no_proxy"] == "127.0.0.1,localhost,.corp"


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"MODEL_PROVIDER": "azure"}, "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT"),
        ({"MODEL_PROVIDER": "azure", **OPENAI, "AZURE_OPENAI_ENDPOINT": "https://x"}, "AZURE_OPENAI_DEPLOYMENT"),
        ({"MODEL_PROVIDER": "openai", **AZURE, "OPENAI_MODEL": " "}, "OPENAI_BASE_URL and OPENAI_MODEL"),
        ({"MODEL_PROVIDER": "azure", **AZURE, "AZURE_OPENAI_ENDPOINT": "mine"}, "AZURE_OPENAI_ENDPOINT is 'mine'"),
        ({"MODEL_PROVIDER": "openai", **OPENAI, "OPENAI_BASE_URL": "http://[x"}, "OPENAI_BASE_URL"),
        ({"MODEL_PROVIDER": "openai", **OPENAI, "OPENAI_BASE_URL": "http://x:port"}, "OPENAI_BASE_URL"),
        ({"MODEL_PROVIDER": "gemini"}, "'gemini'"),
    ],
)
def test_what_is_missing_is_named_in_one_sentence(environ: dict[str, str], named: str) -> None:
    with pytest.raises(Unusable) as caught:
        choose(environ)
    assert named in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_totals_add_up_what_the_records_say() -> None:
    cost = {"usd": 0.5, "usd_unshrunk": 1.5, "priced_as": "gpt-5.6-luna"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 10}
    sidecars: list[dict[str, Any]] = [
        {"usage": usage, "cost": cost},
        {"usage": usage, "cost": cost},
        {"cost": None},
        {},
    ]
    totals = Totals.of(Result(Picture(Path("x"), "x"), {}, sidecar, 1) for sidecar in sidecars)
    assert totals == Totals(2000, 20, 1.0, 3.0, "gpt-5.6-luna")
    assert "gpt-5.6-luna would charge about $1.00" in totals.cost(free=True)
    assert "$3.00" in totals.cost(free=False)


def test_no_price_is_said() -> None:
    assert "No list price" in Totals(1, 1, None, None, "").cost(free=False)


def test_a_price_stands_where_the_full_size_has_none() -> None:
    cost = {"usd": 0.5, "usd_unshrunk": None, "priced_as": "gpt-4o"}
    sidecar: dict[str, Any] = {"usage": {"prompt_tokens": 1000}, "cost": cost}
    totals = Totals.of([Result(Picture(Path("x"), "x"), {}, sidecar, 1)])
    assert totals.cost(free=False) == "About $0.5000 by the list price of gpt-4o."


def test_no_answer_is_said() -> None:
    assert "no model has answered" in Totals.of([]).cost(free=True)


def test_a_line_of_results_holds_one_picture_whatever_its_name() -> None:
    result = Result(
        Picture(Path("x"), "a\u2028b\nc\x85d"), {"alt_text": "%20"}, {"status": "kept", "alt_text": "é"}, 1.234
    )
    line = result.to_json()
    assert line.splitlines() == [line]
    assert json.loads(line) == {
        "blob": "a\u2028b\nc\x85d",
        "status": "kept",
        "alt_text": "é",
        "metadata": {"alt_text": "%20"},
        "sidecar": {"status": "kept", "alt_text": "é"},
        "seconds": 1.23,
        "model": None,
    }


def test_texts_do_not_control_the_terminal() -> None:
    assert printable("a\x1b]8;;http://x\x07b\nc\u202ed 🐈\u200d⬛") == "a\ufffd]8;;http://x\ufffdb c\ufffdd 🐈\u200d⬛"


def test_a_childs_stack_trace_is_not_shown_but_what_it_says_is() -> None:
    report = """host ended with exit code 1. The end of its log, host.log:
    Traceback (most recent call last):
      File "x.py", line 1, in <module>
        import nothing
        ~~~~~~^^^
    ModuleNotFoundError: No module named 'nothing'
    Configuration errors:
      - MODEL_FAMILY is not set"""
    assert without_trace(report).splitlines() == [
        "host ended with exit code 1. The end of its log, host.log:",
        "    ModuleNotFoundError: No module named 'nothing'",
        "    Configuration errors:",
        "      - MODEL_FAMILY is not set",
    ]


def test_the_last_reason_for_waiting_is_found_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "host.log"
    log.write_text(
        'x picture.deferred {"reason": "first"}\nx picture.deferred {"reason": "no key"}\nx picture.deferred {'
    )
    assert last_reason(log) == "no key"
    log.write_text("nothing")
    assert last_reason(log) == ""


def test_a_sidecars_name_is_cut_where_it_is_too_long() -> None:
    assert sidecar_name("a b/ü.jpg") == "images/a b/ü.jpg.json"
    assert len(sidecar_name("x" * 1024)) == 1024
    assert sidecar_name("x" * 1024) != sidecar_name("x" * 1023 + "y")


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0c", "\x1e"])
def test_a_name_with_another_kind_of_line_break_is_one_event(sign: str, tmp_path: Path) -> None:
    data = {"container": "images", "name": f"a{sign}b.jpg", "status": "described", "language": "en", "reason": ""}
    events = tmp_path / "events.jsonl"
    events.write_text(f"{json.dumps({'data': data}, ensure_ascii=False)}\n" * 2, "utf-8")
    assert len(start.outcomes(events, 0)) == 2
    assert len(start.outcomes(events, 1)) == 1
