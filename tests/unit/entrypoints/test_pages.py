"""Images of pages without a text are found where parsers see them, and every other byte of a page stays."""

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.domain.errors import InvalidRequest
from describer.domain.image_ref import ImageRef
from describer.entrypoints.pages.images import gaps
from describer.entrypoints.pages.stored_texts import Address, StoredTexts, Text, is_other
from tests.fakes import answer
from tests.unit.conftest import Harness

HTML = """<!doctype html>\r
<html lang="en"><!-- <img src=comment.jpg> --><script>"<img src=script.jpg>"</script>
<img src="a.jpg"><img src=empty.jpg alt><IMG SRC='b&amp;c.jpg' /><p lang=de><img
  src="d.jpg"></p><img src="said.jpg" alt="A text"><div lang="fr"><p>x<br></div><img src="e.jpg">
<picture><source srcset="z.webp"><img srcset="f.jpg 1x, g.jpg 2x"></picture><img>
<textarea><img src=area.jpg></textarea>"""
MARKDOWN = """# Title ![](a.jpg)

Code `![](code.jpg)`, ![](b.jpg "title"), [![](c.jpg)](link), ![said](said.jpg), ![][ref], \\![](no.jpg)

> - a quote ![](<d e.jpg>)
>   goes on ![ ](f.jpg)

```
![](fence.jpg)
```

| a | b |
|---|---|
| ![](g.jpg) | \\| ![](h.jpg) |

<p><img src="i.jpg"> <img src="said.jpg" alt=""></p>

and inline <img src="j.jpg"> <!-- <img src="comment.jpg"> -->

[ref]: k.jpg
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_in_html(newline: str) -> None:
    page = HTML.replace("\r", "").replace("\n", newline)
    found = gaps(page, ".html")
    assert [(gap.source, gap.language) for gap in found] == [
        ("a.jpg", "en"), ("b&c.jpg", "en"), ("d.jpg", "de"), ("e.jpg", "en"), ("f.jpg", "en"),
    ]  # fmt: skip
    assert [gap.line for gap in found] == [3, 3, 3, 4, 5]
    assert all(page[: gap.at].lower().endswith("<img") for gap in found)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_in_markdown(newline: str) -> None:
    page = MARKDOWN.replace("\n", newline)
    found = gaps(page, ".md")
    assert [gap.source for gap in found] == [
        "a.jpg", "b.jpg", "c.jpg", "k.jpg", "d%20e.jpg", "f.jpg", "g.jpg", "h.jpg", "i.jpg", "j.jpg",
    ]  # fmt: skip
    assert all(page[: gap.at].endswith("<img" if gap.is_html else "![") for gap in found)


GENERATED = """<base href="/site/"><base href="/other/">
<img class=lazyload src="data:image/gif;base64,R0lGOD" data-src="a.jpg"><noscript><img src="a.jpg"></noscript>
<picture><source type="image/avif" srcset="b.avif 1x"><img loading=lazy srcset="b-400.jpg 400w, b.jpg 800w"></picture>
<img src="placeholder.svg" data-srcset="c.jpg, c-2.jpg 2x"><img src="https://cdn.example.org/d.jpg">
<svg><title>A <img src=e.jpg></title><image href="e.jpg"/></svg><img role=presentation src="line.png">
<img data-src="" src=""><img src="../f.jpg"><a href=x><img src="//cdn.example.org/g.jpg"/></a>"""


def test_in_pages_as_generators_write_them() -> None:
    assert [gap.source for gap in gaps(GENERATED, ".html")] == [
        "/site/a.jpg", "/site/a.jpg", "/site/b-400.jpg", "/site/c.jpg", "https://cdn.example.org/d.jpg", "/f.jpg",
        "//cdn.example.org/g.jpg",
    ]  # fmt: skip


MDX = """import hero from './hero.jpg'

{/* ![](comment.jpg) <img src="comment.jpg" /> */}

<Tabs>

    ![](a.jpg) <img src="b.jpg" />

</Tabs>

<img src={hero} /> <img src="c.jpg" {...rest} /> <img src="d.jpg" onClick={() => go()} alt="Said" />

<Image src="e.jpg" /> ![][ref] `![](code.jpg)` ![$\\{x}](said.jpg)

[ref]: ./f.jpg
"""


def test_in_mdx_expressions_are_left_alone() -> None:
    found = gaps(MDX, ".mdx")
    assert [gap.source for gap in found] == ["a.jpg", "b.jpg", "./f.jpg"]
    assert found[0].filled("A sign {x}") == r"A sign \{x\}"


@pytest.mark.parametrize(("page", "suffix"), [(HTML, ".html"), (MARKDOWN, ".md"), (GENERATED, ".html"), (MDX, ".mdx")])
def test_a_page_that_is_filled_lacks_nothing_and_differs_by_the_texts_alone(page: str, suffix: str) -> None:
    found, whole, at = gaps(page, suffix), "", 0
    for gap in found:
        whole += page[at : gap.at] + gap.filled('A "cat" & <b>] [dog] *x*', "de")
        at = gap.at
    whole += page[at:]
    assert gaps(whole, suffix) == []
    for gap in found:
        whole = whole.replace(gap.filled('A "cat" & <b>] [dog] *x*', "de"), "", 1)
    assert whole == page


def test_a_text_cannot_leave_its_place() -> None:
    [gap] = gaps('<img src="a.jpg">', ".html")
    assert gap.filled('" onerror="x', 'de" x="') == ' alt="&quot; onerror=&quot;x" lang="de&quot; x=&quot;"'
    assert gap.filled("Käse", ascii_only=True) == ' alt="K&#228;se"'
    [marked] = gaps("![](a.jpg)", ".md")
    assert marked.filled("a](x) ![b\n\n# c") == r"a\](x) \!\[b # c"


@given(st.text(alphabet="<>!-/img src=alt'\"\n\r` |[]()#&;ax\udc80", max_size=60))
def test_whatever_the_page_is_places_are_images(page: str) -> None:
    assert all(page[: gap.at].lower().endswith("<img") for gap in gaps(page, ".html"))
    for suffix in (".md", ".mdx"):
        assert all(page[: gap.at].lower().endswith(("<img", "![")) for gap in gaps(page, suffix))


def test_languages_are_compared_by_their_first_part() -> None:
    assert not is_other("en-GB", "en-US")
    assert is_other("de", "en") and is_other("de", "")
    assert not is_other("", "en")


def test_an_address_leads_to_a_blob() -> None:
    cdn = Address.read("https://cdn.example.org/media/=images/web/")
    assert cdn.ref("https://cdn.example.org/media/a%20b.jpg?v=2#x") == ImageRef("images", "web/a b.jpg")
    assert cdn.ref("https://cdn.example.org/other/a.jpg") is None
    assert cdn.ref("https://cdn.example.org/media/%2e%2e/a.jpg") is None
    assert Address.read("/media=images").ref("/media/a.jpg") == ImageRef("images", "a.jpg")
    with pytest.raises(InvalidRequest, match="expected PREFIX=CONTAINER"):
        Address.read("/media")


@pytest.fixture
async def stored(harness: Harness, tmp_path: Path) -> StoredTexts:
    harness.model.script = [answer("A harbour.")]
    harness.images.put(ImageRef("images", "web/harbour 1.jpg"), b"harbour")
    await harness.described(ImageRef("images", "web/harbour 1.jpg"))
    harness.records.edit(ImageRef("images", "web/harbour 1.jpg"), {"translations": {"de": {"alt_text": "Ein Hafen."}}})
    (tmp_path / "pictures").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "pictures" / "copy.jpg").write_bytes(b"harbour")
    return StoredTexts(
        harness.catalogue, harness.records, [Address("/media/", "images", "web/")], "https://x.org/blog/"
    )


async def test_a_text_is_found_by_address_and_by_digest(stored: StoredTexts, tmp_path: Path) -> None:
    page = tmp_path / "sub" / "page.html"
    data = f"data:image/jpeg;base64,{base64.b64encode(b'harbour').decode()}"
    for source in ("/media/harbour%201.jpg", "../pictures/copy.jpg", "/pictures/copy.jpg?v=1", data):
        assert await stored.find(source, page, tmp_path, "en") == Text("A harbour.", "en"), source
    for source in ("/media/other.jpg", "../pictures/none.jpg", "https://elsewhere.org/a.jpg", "data:x,y", "\0"):
        assert await stored.find(source, page, tmp_path, "en") is None, source


@pytest.mark.parametrize(("wanted", "text"), [("de-AT", "Ein Hafen."), ("en-US", "A harbour."), ("fr", "A harbour.")])
async def test_the_page_gets_its_own_language_if_there_is_one(
    stored: StoredTexts, tmp_path: Path, wanted: str, text: str
) -> None:
    found = await stored.find("/media/harbour 1.jpg", tmp_path / "p.html", tmp_path, wanted)
    assert found
    assert found.text == text


async def test_a_relative_address_is_read_from_the_pages_place(harness: Harness, tmp_path: Path) -> None:
    await harness.described()
    texts = StoredTexts(
        harness.catalogue, harness.records, [Address("https://x.org/blog/", "images")], "https://x.org/blog/"
    )
    assert await texts.find("cat.jpg", tmp_path / "pets" / "p.html", tmp_path, "en")
    assert not await texts.find("cat.jpg", tmp_path / "p.html", tmp_path, "en")


async def test_only_what_is_published_is_taken(stored: StoredTexts, harness: Harness, tmp_path: Path) -> None:
    ref = ImageRef("images", "web/harbour 1.jpg")
    harness.records.edit(ref, {"status": "needs_review"})
    assert hashlib.sha256(b"harbour").hexdigest() == harness.records.stored[ref].record.source.sha256
    assert await stored.find("/media/harbour 1.jpg", tmp_path / "p.html", tmp_path, "en") is None


async def test_a_decorative_picture_gets_an_empty_text(stored: StoredTexts, harness: Harness, tmp_path: Path) -> None:
    ref = ImageRef("images", "web/harbour 1.jpg")
    harness.records.edit(ref, {"alt_text": "", "is_decorative": True, "translations": {}})
    assert await stored.find("/media/harbour 1.jpg", tmp_path / "p.html", tmp_path, "en") == Text("")
