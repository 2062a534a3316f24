"""`describer import`: applies people's texts from an edited export."""

import asyncio
from collections import Counter
from itertools import batched
from pathlib import Path

import click

from describer.entrypoints.cli import help_text
from describer.entrypoints.cli.exit_codes import Exit
from describer.entrypoints.cli.results import printable
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.entrypoints.transfer.import_rows import Importer, Kind, Outcome
from describer.entrypoints.transfer.rows import read
from describer.settings import Need

_AT_ONCE = 8


@click.command("import", short_help="Apply corrections from a file.", help=help_text.IMPORT,
               epilog=help_text.IMPORT_EXAMPLES)  # fmt: skip
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--container", metavar="NAME", help="For rows that name none; default: the first watched one.")
@click.option("--write", is_flag=True, help="Carry it out; otherwise only report.")
@click.option(
    "--reviewed-by", default="", metavar="ID", help="Who wrote it, where no row says so; if REVIEWED_BY is on."
)
@click.option("--overwrite", is_flag=True, help="Rows without an ETag may replace people's texts too.")
@click.pass_obj
def import_(setup: Setup, file: Path, container: str | None, write: bool, overwrite: bool, reviewed_by: str) -> None:
    counts: Counter[Kind] = Counter()

    async def take(app: Services) -> None:
        importer = Importer(app.catalogue, app.corrector, write=write, overwrite=overwrite, reviewed_by=reviewed_by)
        for rows in batched(read(file, app.catalogue.watched(container)), _AT_ONCE, strict=False):
            for outcome in await asyncio.gather(*map(importer.take, rows)):
                counts[outcome.kind] += 1
                _tell(outcome)

    setup.work({Need.BLOBS, Need.EVENTS}, take)
    changed = "changed" if write else "would be changed"
    click.echo(
        f"{counts[Kind.CHANGED]:,} {changed}, {counts[Kind.UNCHANGED]:,} unchanged, {counts[Kind.REFUSED]:,} refused.",
        err=True,
    )
    if counts[Kind.CHANGED] and not write:
        click.echo("Nothing was written; use --write.", err=True)
    raise click.exceptions.Exit(Exit.SOME if counts[Kind.REFUSED] else Exit.GOOD)


def _tell(outcome: Outcome) -> None:
    if outcome.kind is not Kind.UNCHANGED:
        refused = outcome.kind is Kind.REFUSED
        sentence = f"row {outcome.number}, {outcome.name or 'without a name'}: {outcome.kind}: {outcome.reason}"
        click.echo(printable(sentence), err=refused)
