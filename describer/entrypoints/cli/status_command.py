"""`describer status`: shows how many pictures are described, by container and language."""

import click

from describer.entrypoints.cli import help_text, tables
from describer.entrypoints.cli.results import line
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.pipeline.coverage import Coverage
from describer.settings import Need


@click.command(short_help="Count described pictures.", help=help_text.STATUS, epilog=help_text.STATUS_EXAMPLES)
@click.argument("container", required=False)
@click.option("--prefix", default="", metavar="TEXT", help="Only pictures whose names begin with this.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each container.")
@click.pass_obj
def status(setup: Setup, container: str | None, prefix: str, as_json: bool) -> None:
    async def count(app: Services) -> dict[str, Coverage]:
        catalogue = app.catalogue
        names = [catalogue.watched(container)] if container else catalogue.blob_filter.containers
        return {name: await catalogue.coverage(name, prefix) for name in names}

    for name, coverage in setup.work({Need.BLOBS}, count).items():
        if as_json:
            click.echo(line({"container": name, **coverage.facts()}))
        else:
            tables.show(tables.of_coverage(name, coverage))
