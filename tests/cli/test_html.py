"""Pages are filled from stored records at the command line."""

import hashlib

import pytest

from local.storage import Storage
from tests.cli.conftest import Shell, jpeg
from tests.cli.test_set import _described

PAGE = (
    b'<html lang="de">\r\n<body>\xff<img src="/media/cat.jpg"><img src="none.jpg">'
    b'<img src="x.jpg" alt=""></body>\r\n</html>\r\n'
)


@pytest.mark.long
async def test_a_folder_of_pages_is_checked_and_filled(storage: Storage, installation: Shell) -> None:
    container = (await _described(storage, installation)).partition("/")[0]
    [record] = (await installation.run("show", f"{container}/cat.jpg", "--json")).lines
    site = installation.folder / "site"
    (site / "img").mkdir(parents=True)
    (site / "img" / "cat.jpg").write_bytes(jpeg(300))
    (site / "page.html").write_bytes(PAGE)
    (site / "note.md").write_text("![](img/cat.jpg)\n", encoding="utf-8")
    before = hashlib.sha256(PAGE).hexdigest()

    checked = await installation.run("html", "site", "--check")
    assert (checked.code, checked.out.count("has no text")) == (1, 3)
    dry = await installation.run("html", "site", "--address", f"/media={container}")
    assert (dry.code, dry.err) == (1, "Pages: 2. Images: 2 would be filled (--write does it), 1 without a text.\n")
    assert hashlib.sha256((site / "page.html").read_bytes()).hexdigest() == before

    done = await installation.run("html", "site", "--address", f"/media={container}", "--write")
    assert (done.code, done.err) == (1, "Pages: 2. Images: 2 filled, 1 without a text.\n")
    alt = record["alt_text"].encode()
    assert (site / "page.html").read_bytes() == PAGE.replace(
        b'<img src="/media', b'<img alt="' + alt + b'" lang="en" src="/media'
    )
    assert (site / "note.md").read_text(encoding="utf-8") == f"![{record['alt_text']}](img/cat.jpg)\n"
    again = await installation.run("html", "site/note.md", "--check")
    assert (again.code, again.err) == (0, "Pages: 1. Images without a text: 0.\n")


async def test_what_cannot_be_read_is_said(installation: Shell) -> None:
    wide = installation.picture("wide.html", "<img src=a>".encode("utf-16"))
    assert "save it as UTF-8" in (await installation.here("html", str(wide))).err
    assert (await installation.here("html", "nothing.html")).code == 2
    assert "it excludes --write" in (await installation.here("html", str(wide), "--check", "--write")).err
