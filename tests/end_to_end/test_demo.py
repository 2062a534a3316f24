"""`make demo` itself: the whole stack, with a scripted model, on a folder of hostile names."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from describer.domain.metadata import cut
from local.children import ROOT
from tests import pictures

WITHIN = 120  # seconds for a whole run
DECOMPOSED = unicodedata.normalize("NFD", "zerlegt/ü.jpg")
PICTURES = {
    "plain.jpg": ("image/jpeg", pictures.jpeg()),
    "plain copy.jpg": ("image/jpeg", pictures.jpeg()),
    "100%25 a+b&c=d?e#f.png": ("image/png", pictures.saved(pictures.scene(), "PNG")),
    'it\'s "quoted" <script>alert(1)</script>.webp': ("image/webp", pictures.saved(pictures.scene(), "WEBP")),
    "Größe/写真/🐈\u200d⬛ chat noir.heic": ("image/heic", pictures.saved(pictures.scene(), "HEIF")),
    "Größe/zusammen ü.jpg": ("image/jpeg", pictures.jpeg(90, 60)),
    DECOMPOSED: ("image/jpeg", pictures.jpeg(60, 90)),
    ".hidden/..two/new\nline.tif": ("image/tiff", pictures.saved(pictures.scene(), "TIFF")),
    "notes.txt": ("text/plain", b"no picture"),
    "empty.": ("application/octet-stream", b""),
}
NO_PICTURES = {"notes.txt": "unsupported", "empty.": "corrupt"}


@dataclass(frozen=True, slots=True)
class Demo:
    """How a test starts the demo; all that it starts has `mark` in its environment."""

    folder: Path
    state: Path
    out: Path
    mark: str

    def command(self, *more: str) -> list[str]:
        arguments = ("--answers", "script", "--state", str(self.state), "--out", str(self.out))
        return [sys.executable, "-m", "local.demo", *arguments, *more]

    @property
    def environment(self) -> dict[str, str]:
        traps = {
            "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9",
            "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna",
            "OPENAI_BASE_URL": "http://127.0.0.1:9",
            "OPENAI_MODEL": "x",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "http_proxy": "http://127.0.0.1:9",
            "WRITE_METADATA": "false",
        }
        settings = {"PICTURES": str(self.folder), "MODEL_PROVIDER": "local", "LC_TEST": self.mark}
        return {**os.environ, **traps, **settings}

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*more),
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )

    def processes(self) -> list[str]:
        """Command lines of all processes with the mark in their environment."""
        if not Path("/proc/self/environ").exists():
            listed = subprocess.run(["ps", "-axEww", "-o", "command"], capture_output=True, text=True, check=True)  # noqa: S607
            return [line for line in listed.stdout.splitlines() if self.mark in line]
        return list(_marked(self.mark.encode()))


def _marked(mark: bytes) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                yield (process / "cmdline").read_text("utf-8", errors="replace").replace("\0", " ")
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    base = tmp_path_factory.mktemp("demo place")
    for name, (_, data) in PICTURES.items():
        file = base / "my pictures" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return Demo(base / "my pictures", base / "state", base / "out", uuid.uuid4().hex)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(each.relative_to(folder)): (each.stat().st_size, each.stat().st_mtime_ns)
        for each in folder.rglob("*")
        if each.is_file() and "node" not in each.parts
    }


def unknown_to_git() -> set[tuple[str, object]]:
    """Return the untracked files that .gitignore does not name, such as other tests' caches and wheels."""
    git = [str(shutil.which("git")), "ls-files", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]
    return {(str(ROOT), name) for name in names}


@dataclass(frozen=True, slots=True)
class Finished:
    ended: subprocess.CompletedProcess[str]
    lines: Mapping[str, Mapping[str, Any]]
    page: str
    left_running: list[str]
    touched: list[str]


@pytest.fixture(scope="module")
def finished(place: Demo) -> Finished:
    """One run, which all tests below look at."""

    def watched() -> set[tuple[str, object]]:
        folders = (place.folder, ROOT / ".demo", ROOT / "samples")
        return {(str(folder), file) for folder in folders for file in snapshot(folder).items()} | unknown_to_git()

    before = watched()
    ended = place.run()
    touched = sorted(map(str, before ^ watched()))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [json.loads(line) for line in (place.out / "results.jsonl").read_text("utf-8").splitlines()]
    page = (place.out / "index.html").read_text("utf-8")
    return Finished(ended, {line["blob"]: line for line in lines}, page, place.processes(), touched)


def test_every_file_has_its_record(finished: Finished) -> None:
    assert finished.lines.keys() == PICTURES.keys()
    for name, line in finished.lines.items():
        assert line["status"] == NO_PICTURES.get(name, "described")
        assert line["alt_text"] == line["sidecar"]["alt_text"]
        assert 0 < line["seconds"] < WITHIN


def test_every_end_was_published(finished: Finished, place: Demo) -> None:
    events = [json.loads(line) for line in (place.out / "events.jsonl").read_text("utf-8").splitlines()]
    assert sorted(event["data"]["name"] for event in events) == sorted(PICTURES)
    counted = f"{len(PICTURES) - len(NO_PICTURES)} ImageDescriber.ImageDescribed, 2 ImageDescriber.ImageNotDescribed"
    assert counted in finished.ended.stdout


def test_each_sidecar_is_under_its_pictures_name(finished: Finished) -> None:
    for name, line in finished.lines.items():
        assert line["sidecar"]["source"]["name"] == name
        assert unquote(line["metadata"]["description_sidecar"]) == f"images/{name}.json"


def test_the_metadata_is_a_copy_of_the_sidecar(finished: Finished) -> None:
    for line in finished.lines.values():
        metadata, sidecar = line["metadata"], line["sidecar"]
        for text in ("alt_text", "description"):
            assert unquote(metadata.get(text, "")) == cut(sidecar[text], 3000)
        assert metadata["description_status"] == sidecar["status"]
        assert metadata["description_sha256"] == sidecar["source"]["sha256"]
        assert all(value.isascii() and value.isprintable() for value in metadata.values())


def test_the_page_shows_every_picture_that_can_be_shown(finished: Finished, place: Demo) -> None:
    copies = re.findall(r'<img src="(pictures/[0-9]+\.webp)"', finished.page)
    assert len(copies) == len(PICTURES) - len(NO_PICTURES)
    assert all((place.out / copy).is_file() for copy in copies)
    assert finished.page.count("<figure>") == len(PICTURES)
    assert "<script" not in finished.page


@pytest.mark.long
def test_it_says_where_the_pictures_go_before_it_begins_and_where_the_page_is_at_the_end(
    finished: Finished, place: Demo
) -> None:
    printed = finished.ended.stdout
    assert printed.index("Pictures stay on this machine") < printed.index("Starting") < printed.index("plain.jpg")
    assert (place.out / "index.html").resolve().as_uri() in printed
    assert "gpt-5.6-luna would charge about $" in printed
    assert finished.ended.stderr == ""


def test_nothing_is_left_running_and_nothing_else_is_touched(finished: Finished) -> None:
    assert finished.left_running == []
    assert finished.touched == []


@pytest.mark.long
def test_the_next_run_replaces_the_results_and_names_what_got_no_record(place: Demo, tmp_path: Path) -> None:
    """With no patience at all: the record cannot be there in time."""
    out = tmp_path / "out"
    (out / "pictures").mkdir(parents=True)
    for old in ("index.html", "results.jsonl", "events.jsonl", "pictures/00007.webp", "pictures/mine.webp"):
        (out / old).write_text("old")
    folder = tmp_path / "one"
    folder.mkdir()
    shutil.copy(place.folder / "plain.jpg", folder)
    ended = Demo(folder, tmp_path / "state", out, place.mark).run("--timeout", "0.001")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert re.search(r"plain\.jpg: no(t uploaded| record)", ended.stdout)
    assert str(tmp_path / "state/logs") in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert (out / "results.jsonl").read_text() == ""
    assert "old" not in (out / "events.jsonl").read_text()
    assert "No record" in (out / "index.html").read_text()
    assert [copy.name for copy in (out / "pictures").iterdir()] == ["mine.webp"]


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", ["Starting", "Describing"])
def test_a_signal_ends_everything(number: signal.Signals, after: str, place: Demo, tmp_path: Path) -> None:
    demo = Demo(place.folder, tmp_path / "state", tmp_path / "out", uuid.uuid4().hex)
    with subprocess.Popen(
        demo.command(), env=demo.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stderr
        while after not in (line := process.stdout.readline()):
            assert line
        process.send_signal(number)
        printed = process.stdout.read() + process.stderr.read()
    assert process.returncode == 128 + number, printed
    assert "Traceback" not in printed
    assert demo.processes() == []
