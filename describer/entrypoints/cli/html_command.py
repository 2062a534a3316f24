"""`describer html`: fills in missing alt texts of pages from stored records."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from describer.domain.errors import InvalidRequest
from describer.entrypoints.cli import help_text
from describer.entrypoints.cli.exit_codes import Exit
from describer.entrypoints.cli.results import printable
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.entrypoints.pages.images import SUFFIXES, Gap, gaps
from describer.entrypoints.pages.stored_texts import Address, StoredTexts, Text, is_other
from describer.settings import Need

_SHOWN: Final = 80


@click.command(
    "html", short_help="Fill in the texts of a page's images.", help=help_text.HTML, epilog=help_text.HTML_EXAMPLES
)
@click.argument("paths", nargs=-1, required=True, metavar="FILE|FOLDER...", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Change the files. Without it, nothing is written.")
@click.option("--check", is_flag=True, help="List what has no text, and end with 1 if anything has none; for CI.")
@click.option("--base", default="", metavar="URL", help="The address of the folder, for addresses that are relative.")
@click.option(
    "--address",
    "addresses",
    multiple=True,
    metavar="PREFIX=CONTAINER",
    help="Where pages reach a container: /media=images, https://cdn.example.org=images/web.",
)
@click.option("-l", "--language", default="", metavar="TAG", help="Of pages that do not say theirs.")
@click.pass_obj
def html(
    setup: Setup,
    paths: tuple[Path, ...],
    write: bool,
    check: bool,
    base: str,
    addresses: tuple[str, ...],
    language: str,
) -> None:
    if write and check:
        raise click.UsageError("--check only lists; it excludes --write.")
    pages = list(_pages(paths))
    if check:
        missing = [(page, gap) for page in pages for gap in page.gaps]
        for page, gap in missing:
            click.echo(printable(f"{page.path}:{gap.line}: {gap.source[:_SHOWN]} has no text"))
        click.echo(f"Pages: {len(pages):,}. Images without a text: {len(missing):,}.", err=True)
        raise click.exceptions.Exit(Exit.SOME if missing else Exit.GOOD)

    async def fill(app: Services) -> int:
        account = app.settings.images_blob_uri
        known = [Address.read(given) for given in addresses]
        own = [Address(f"{account}/{name}/", name) for name in app.catalogue.blob_filter.containers if account]
        texts = StoredTexts(app.catalogue, app.records, [*known, *own], base)
        left = 0
        for page in pages:
            left += await page.fill(texts, language, write=write)
        return left

    left = setup.work({Need.BLOBS}, fill)
    found = sum(len(page.gaps) for page in pages)
    done = "filled" if write else "would be filled (--write does it)"
    click.echo(f"Pages: {len(pages):,}. Images: {found - left:,} {done}, {left:,} without a text.", err=True)
    raise click.exceptions.Exit(Exit.SOME if left else Exit.GOOD)


@dataclass(frozen=True, slots=True)
class _Page:
    """The file of a page.

    Args:
        folder: the given folder, or the folder of a single file.
        text: its text; bytes that are not UTF-8 are lone surrogates.
        gaps: its images without a text.
    """

    path: Path
    folder: Path
    text: str
    gaps: list[Gap]

    @classmethod
    def read(cls, path: Path, folder: Path) -> "_Page":
        data = path.read_bytes()
        if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise InvalidRequest(f"{str(path)!r} is in UTF-16; save it as UTF-8.", field="pages")
        text = data.decode("utf-8", "surrogateescape")
        return cls(path, folder, text, gaps(text, path.suffix))

    async def fill(self, texts: StoredTexts, language: str, *, write: bool) -> int:
        """Print each image's text, write the file if asked to, and return the number of images left without one."""
        found: list[tuple[Gap, Text]] = []
        for gap in self.gaps:
            text = await texts.find(gap.source, self.path, self.folder, gap.language or language)
            said = "no stored text" if text is None else text.text or "(decorative)"
            click.echo(printable(f"{self.path}:{gap.line}: {gap.source[:_SHOWN]}: {said}"))
            if text is not None:
                found.append((gap, text))
        if write and found:
            _replace(self.path, self._with(found, language))
        return len(self.gaps) - len(found)

    def _with(self, found: list[tuple[Gap, Text]], language: str) -> bytes:
        """Return the page with these texts inserted and every other byte unchanged."""
        unknown = any("\ud800" <= character <= "\udfff" for character in self.text)
        pieces, at = list[str](), 0
        for gap, text in found:
            other = text.language if is_other(text.language, gap.language or language) else ""
            pieces += [self.text[at : gap.at], gap.filled(text.text, other, ascii_only=unknown)]
            at = gap.at
        return "".join([*pieces, self.text[at:]]).encode("utf-8", "surrogateescape")


def _pages(paths: tuple[Path, ...]) -> Iterator[_Page]:
    for path in paths:
        if path.is_dir():
            for place, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    if Path(name).suffix.lower() in SUFFIXES:
                        yield _Page.read(Path(place, name), path)
        elif path.exists():
            yield _Page.read(path, path.parent)
        else:
            raise InvalidRequest(f"There is no file or folder {str(path)!r}.", field="pages")


def _replace(path: Path, data: bytes) -> None:
    """Replace a file atomically, with its permissions."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.chmod(path.stat().st_mode)
    os.replace(part, path)  # noqa: PTH105 - on Windows too
