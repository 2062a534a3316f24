"""`describer export`: writes stored records for spreadsheets, ExifTool and programs."""

import os
import sys
from collections.abc import AsyncIterable
from pathlib import Path
from typing import BinaryIO

import click

from describer.domain.image_blob import StoredRecord
from describer.domain.status import Status
from describer.domain.texts import Review
from describer.entrypoints.cli import help_text
from describer.entrypoints.cli.exit_codes import Exit
from describer.entrypoints.cli.results import printable
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.entrypoints.transfer import exiftool, xmp
from describer.entrypoints.transfer.export import Export, Form, Survey
from describer.pipeline.find_records import Wanted
from describer.settings import Need

_INTO_PICTURES = frozenset({Form.EXIFTOOL, Form.XMP})


@click.command(short_help="Write stored records to a file.", help=help_text.EXPORT, epilog=help_text.EXPORT_EXAMPLES)
@click.option("--format", "form", type=click.Choice([form.value for form in Form]), required=True)
@click.option("--container", metavar="NAME", help="A watched container; default: the first one.")
@click.option("--prefix", default="", metavar="TEXT", help="Only pictures whose names begin with this.")
@click.option("--status", "statuses", multiple=True, type=click.Choice([status.value for status in Status]))
@click.option("--review", "reviews", multiple=True, type=click.Choice([review.value for review in Review]))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, or a folder for xmp; default: stdout.")
@click.pass_obj
def export(
    setup: Setup,
    form: str,
    container: str | None,
    prefix: str,
    statuses: tuple[str, ...],
    reviews: tuple[str, ...],
    output: Path | None,
) -> None:
    chosen = Form(form)
    if chosen is Form.XMP and output is None:
        raise click.UsageError("--format xmp writes a file for each picture; give a folder with --output.")
    usual = (
        frozenset(status for status in Status if status.is_published)
        if chosen in _INTO_PICTURES
        else frozenset[Status]()
    )
    wanted = Wanted(frozenset(map(Status, statuses)) or usual, frozenset(map(Review, reviews)))

    async def write(app: Services) -> Export:
        catalogue = app.catalogue
        name = catalogue.watched(container)
        survey = await Survey.of(catalogue.entries(name, prefix, wanted), catalogue.languages)
        done, records = Export(chosen, survey), catalogue.stored(name, prefix, wanted)
        if chosen is Form.XMP:
            await _files(done, records, Path(output or "."))
        else:
            await _lines(done, records, output)
        return done

    done = setup.work({Need.BLOBS}, write)
    for sentence in done.reported:
        click.echo(printable(sentence), err=True)
    click.echo(f"Records written: {done.written:,}.", err=True)
    if chosen is Form.EXIFTOOL:
        click.echo(f"Run this in the folder with the pictures:\n{exiftool.command(str(output or 'FILE'))}", err=True)
    raise click.exceptions.Exit(Exit.SOME if done.reported else Exit.GOOD)


async def _lines(done: Export, records: AsyncIterable[StoredRecord], output: Path | None) -> None:
    if output is None:
        await _written(done, records, sys.stdout.buffer)
        return
    part = output.with_name(f"{output.name}.part")
    with part.open("wb") as file:
        await _written(done, records, file)
    os.replace(part, output)  # noqa: PTH105 - the file is complete if it exists, on Windows too


async def _written(done: Export, records: AsyncIterable[StoredRecord], file: BinaryIO) -> None:
    async for line in done.lines(records):
        file.write(line.encode())
    file.flush()


async def _files(done: Export, records: AsyncIterable[StoredRecord], folder: Path) -> None:
    async for stored in records:
        packet = xmp.packet(stored.record)
        if packet and done.is_file(stored):
            name = f"{stored.record.source.name}.xmp"
            if fault := _file(folder, name, packet):
                done.reported.append(f"{name}: not written, because {fault}")
            else:
                done.written += 1


def _file(folder: Path, name: str, packet: str) -> str:
    """Write one sidecar; return why that failed, or an empty string."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        return "it would lie outside of the folder"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(packet, encoding="utf-8")
    except OSError as error:
        return error.strerror or str(error)
    return ""
