"""`describer orphans` and `describer purge`: records of deleted pictures, and erasure on request."""

import sys
from collections import Counter

import click

from describer.domain.errors import InvalidRequest
from describer.domain.image_ref import ImageRef
from describer.entrypoints.cli import help_text
from describer.entrypoints.cli.results import printable
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.pipeline.deleted_pictures import Fate
from describer.pipeline.purge import Purged
from describer.settings import Need


@click.command(
    short_help="Find records of deleted pictures.", help=help_text.ORPHANS, epilog=help_text.ORPHANS_EXAMPLES
)
@click.argument("container", required=False)
@click.option("--prefix", default="", metavar="TEXT", help="Only pictures whose names begin with this.")
@click.option("--write", is_flag=True, help="Carry it out; otherwise only report.")
@click.pass_obj
def orphans(setup: Setup, container: str | None, prefix: str, write: bool) -> None:
    counts: Counter[Fate] = Counter()
    would = "" if write else "would be "

    async def find(app: Services) -> None:
        watched = app.catalogue
        names = [watched.watched(container)] if container else watched.blob_filter.containers
        for name in names:
            async for orphan in app.deleted_pictures.orphans(name, prefix, write=write):
                counts[orphan.fate] += 1
                click.echo(printable(f"{orphan.ref.path}: {would}{orphan.fate}"))
            if write:
                await app.deleted_pictures.expire_cached(name)

    setup.work({Need.BLOBS}, find)
    summary = ", ".join(f"{counts[fate]:,} {would}{fate}" for fate in Fate)
    click.echo(f"{summary}." if write else f"{summary}. Nothing was written; use --write.", err=True)


@click.command(short_help="Erase all data about a blob.", help=help_text.PURGE, epilog=help_text.PURGE_EXAMPLES)
@click.argument("blob", metavar="CONTAINER/NAME")
@click.option("--skip/--no-skip", "keep_out", default=True, help="Whether to exclude the blob from description.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def purge(setup: Setup, blob: str, keep_out: bool, yes: bool) -> None:
    ref = ImageRef.parse(blob)
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidRequest("Confirm with --yes: this is not a terminal.", field="yes")
        click.confirm(f"Erase all texts about {printable(blob)}, including people's?", abort=True)

    async def erase(app: Services) -> Purged:
        return await app.purger.purge(ref, keep_out=keep_out)

    done = setup.work({Need.BLOBS}, erase)
    click.echo(f"record: {'erased' if done.record else 'none existed'}")
    click.echo(f"metadata: {'erased' if done.metadata else 'none of ours existed'}")
