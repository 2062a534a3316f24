"""The demo's page: every text is escaped, every status is said, nothing is missing where a record is short."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name as real_sidecar_name
from describer.domain.status import Status
from local import thumbnails
from local.demo.gallery import STATUSES, outcomes, page
from local.demo.pictures import Picture
from local.demo.result import Lost, Result
from local.demo.watch import sidecar_name
from tests import pictures

HOSTILE = "</p><script>alert('x')</script><img src=x onerror=\"alert(1)\">&amp;${style}\x00\x1b"
VOID = {"meta", "img", "br", "link"}


class Reader(HTMLParser):
    """Reads a page as a browser would, and notes what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def result(name: str = "a.jpg", **sidecar: Any) -> Result:
    return Result(Picture(Path(name), name), {"alt_text": "x"}, {"status": "described", **sidecar}, 1.5)


def read(*results: Result, lost: tuple[Lost, ...] = (), copies: dict[Picture, str] | None = None) -> Reader:
    reader = Reader(page(results, lost, copies or {}, caption="described by nobody", free=True))
    assert reader.open == []
    return reader


def test_hostile_texts_are_texts() -> None:
    texts = dict.fromkeys(
        ["alt_text", "description", "extended_description", "visible_text", "reason", "language", "model"], HOSTILE
    )
    made = Result(
        Picture(Path("x"), HOSTILE),
        {HOSTILE: HOSTILE},
        {
            "status": HOSTILE,
            **texts,
            "tags": [HOSTILE],
            "translations": {HOSTILE: {"alt_text": HOSTILE}},
            HOSTILE: [HOSTILE],
        },
        1,
    )
    reader = read(made, lost=(Lost(made.picture, HOSTILE),), copies={made.picture: "pictures/0.webp"})
    assert reader.all("script") == []
    (image,) = reader.all("img")
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert image == {"src": "pictures/0.webp", "lang": shown, "dir": "ltr", "alt": shown, "loading": "lazy"}
    assert not [name for _, attributes in reader.tags for name in attributes if name.startswith("on")]
    assert reader.texts.count(shown) >= 10


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_said_in_words(status: Status) -> None:
    reader = read(result(status=status.value))
    assert STATUSES[status.value] in reader.texts


def test_a_picture_without_record_is_shown_too() -> None:
    reader = read(result(), lost=(Lost(Picture(Path("b"), "b.jpg"), "it took too long"),))
    assert {"No record", "b.jpg", "it took too long"} <= set(reader.texts)


def test_outcomes_are_counted_in_words() -> None:
    said = outcomes({"corrupt": 3, "new": 5, "unsupported": 4, "kept": 1, "described": 17})
    assert said == "17 described, 1 kept, 4 not readable, 3 damaged, 5 new"
    assert outcomes({"needs_review": 1}) == "1 needs review"
    assert outcomes({"needs_review": 2}) == "2 need review"


def test_an_empty_page_is_a_page() -> None:
    assert "There are no pictures." in read().texts


def test_a_bare_record_is_enough() -> None:
    reader = read(Result(Picture(Path("a"), "a"), {}, {"status": "unsupported", "reason": "A PDF.", "cost": None}, 0))
    assert {"A PDF.", "No preview"} <= set(reader.texts)
    assert reader.all("img") == []


def test_the_alt_attribute_is_the_written_alt_text_in_its_language() -> None:
    made = result(alt_text="Eine Katze.", language="de")
    reader = read(made, copies={made.picture: "pictures/00001.webp"})
    (image,) = reader.all("img")
    assert (image["alt"], image["lang"], image["dir"]) == ("Eine Katze.", "de", "ltr")
    assert {"class": "alt", "lang": "de", "dir": "auto"} in reader.all("p")


def test_an_alt_text_has_its_own_direction() -> None:
    made = result(alt_text="\u0642\u0637\u0629 \u0646\u0627\u0626\u0645\u0629", language="ar")
    (image,) = read(made, copies={made.picture: "pictures/00001.webp"}).all("img")
    assert (image["lang"], image["dir"]) == ("ar", "rtl")


def test_a_screen_reader_reads_the_alt_text_once() -> None:
    """From the img, or from the text below it where there is no img."""
    made = result(alt_text="A cat.")
    assert {"aria-hidden": "true"} in read(made, copies={made.picture: "pictures/00001.webp"}).all("div")
    assert {"aria-hidden": "true"} not in read(made).all("div")


def test_a_picture_without_a_text_is_not_passed_off_as_decorative() -> None:
    made = result("a.jpg", alt_text="", status="failed", language="de")
    (image,) = read(made, copies={made.picture: "pictures/00001.webp"}).all("img")
    assert image["alt"] == "a.jpg: no alt text"
    assert image["lang"] == "en", "the page's own words, though the record is in another language"


def test_a_decorative_picture_has_an_empty_alt() -> None:
    made = result(alt_text="", is_decorative=True)
    reader = read(made, copies={made.picture: "pictures/00001.webp"})
    assert reader.all("img")[0]["alt"] == ""
    assert "Empty, because the picture is decorative." in reader.texts


def test_a_decorative_picture_that_a_person_described_has_that_text_alone() -> None:
    reader = read(result(alt_text="A frieze.", is_decorative=True))
    assert "A frieze." in reader.texts
    assert not any("because the picture is decorative" in text for text in reader.texts)


def test_the_page_can_be_walked_by_landmarks_and_headings() -> None:
    reader = read(result("a.jpg"), result("b.jpg"))
    names = [tag for tag, _ in reader.tags]
    assert reader.all("html") == [{"lang": "en"}]
    assert [names.count(each) for each in ("header", "main", "footer", "h1", "h2", "h3", "figure")] == [
        1,
        1,
        1,
        1,
        2,
        2,
        2,
    ]
    assert reader.all("a")[0] == {"class": "skip", "href": "#pictures"}
    assert {"id": "pictures", "class": "hidden", "tabindex": "-1"} in reader.all("h2")
    summaries = [text for text in reader.texts if text.startswith(" of ")]
    assert summaries[:2] == [" of a.jpg", " of a.jpg"]  # links of the same words are told apart


def test_the_policy_allows_this_style_and_nothing_that_runs() -> None:
    text = page([result()], [], {}, caption="x", free=True)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert policy and style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert "default-src 'none'" in policy[1]
    assert f"style-src 'sha256-{digest}'" in policy[1]
    assert "script-src" not in policy[1]
    assert " style=" not in text


# Pillow reads no sequences by itself, so that the gallery shows their name alone.
SHOWN = {name: kind for name, kind in pictures.EVERY_KIND.items() if "sequence" not in name}


@pytest.mark.parametrize(("form", "data"), SHOWN.values(), ids=list(SHOWN))
def test_browsers_can_show_a_small_copy_of_every_kind(form: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(data)
    assert thumbnails.write(tmp_path / "picture", tmp_path / "copy.webp")
    with Image.open(tmp_path / "copy.webp") as copy:
        assert (copy.format, copy.mode, copy.size) == ("WEBP", "RGB", (pictures.WIDTH, pictures.HEIGHT))


def test_a_copy_is_small_and_upright(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(pictures.jpeg(1600, 1200, exif=pictures.exif(6).tobytes()))
    assert thumbnails.write(tmp_path / "picture", tmp_path / "copy.webp")
    with Image.open(tmp_path / "copy.webp") as copy:
        assert copy.size == (480, 640)


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", pictures.jpeg()[:200], pictures.png_claiming(30_000, 30_000), b"II*\0\x08\0\0\0\xff\xff"],
)
def test_what_cannot_be_copied_has_no_copy(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(data)
    assert not thumbnails.write(tmp_path / "picture", tmp_path / "copy.webp")
    assert not (tmp_path / "copy.webp").exists()


@pytest.mark.parametrize("name", ["a.jpg", "é/ü #.jpg", "x" * 1010, "日" * 1020, "a/" * 61 + "b"])
def test_sidecars_are_looked_for_where_the_app_puts_them(name: str) -> None:
    assert sidecar_name(name) == real_sidecar_name(ImageRef("images", name))
