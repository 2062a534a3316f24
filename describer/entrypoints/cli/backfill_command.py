"""`describer backfill`: describes pictures that were in storage before the app."""

import dataclasses
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from describer.domain.errors import InvalidRequest
from describer.entrypoints.cli import backfill_tables, help_text, interrupt, tables
from describer.entrypoints.cli.exit_codes import Exit
from describer.entrypoints.cli.results import line
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.pipeline.backfill.counted import Preview
from describer.pipeline.backfill.preview import preview
from describer.pipeline.backfill.state import Backfill, BackfillOptions, End, Only
from describer.settings import Need

_NEEDS: Final = (Need.BLOBS, Need.EVENTS, Need.MODEL)
_MAX_WAIT: Final = 20.0
"""Seconds to wait for another process; a killed one keeps its lease for 15."""
_DATE: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"])
_CAPS: Final = (
    click.option("--max-pictures", type=click.IntRange(1), metavar="N", help="Stop after this many pictures."),
    click.option(
        "--max-usd", type=click.FloatRange(0, min_open=True), metavar="X", help="Stop at this cost in US dollars."
    ),
)


def _capped(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_CAPS):
        command = option(command)
    return command


@click.group(
    "backfill",
    invoke_without_command=True,
    short_help="Price, then describe, the pictures that are in storage already.",
    help=help_text.BACKFILL,
    epilog=help_text.BACKFILL_EXAMPLES,
)
@click.option("--container", default="", metavar="NAME", help="A watched container; default: the first one.")
@click.option("--prefix", default="", metavar="TEXT", help="Only pictures whose names begin with this.")
@click.option("--only", default="missing", metavar="WHICH", help=f"By comma: {', '.join(Only)}.", show_default=True)
@click.option("--include", multiple=True, metavar="GLOB", help="Only names that match, as in IMAGES_INCLUDE.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="No names that match.")
@click.option("--modified-after", type=_DATE, help="Only pictures that were changed on that day or later (UTC).")
@click.option("--modified-before", type=_DATE, help="Only pictures that were changed before that day (UTC).")
@_capped
@click.option("--batch", is_flag=True, help="By batches: half of the price, within about a day.")
@click.option("--dry-run", is_flag=True, help="Only report the pictures, tokens and cost.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--in-app", is_flag=True, help="Let the app run it, and return at once.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for the preview, and one for each state.")
@click.pass_context
def backfill_group(context: click.Context, /, only: str, dry_run: bool, yes: bool, in_app: bool, as_json: bool,
             **given: Any) -> None:  # fmt: skip
    if context.invoked_subcommand:
        return
    which = tuple(name.strip() for name in only.split(",") if name.strip())
    if unknown := [name for name in which if name not in set(Only)]:
        raise click.UsageError(f"--only {unknown[0]}: expected some of {', '.join(Only)}.")
    form = _Form(as_json)

    async def start(app: Services) -> Exit:
        options = BackfillOptions(**_wishes(app, given), only=tuple(Only(name) for name in which))
        seen = await preview(app.library, await app.backfiller.selecting(options), app.asking)
        form.preview(seen, options)
        if dry_run or not seen.pictures:
            return Exit.GOOD
        if not yes and not sys.stdin.isatty():
            click.echo("Nothing was queued, because no terminal can confirm it; add --yes.", err=True)
            return Exit.USAGE
        if not yes and not click.confirm(f"Queue these {seen.pictures:,} pictures?", err=True):
            return Exit.GOOD
        backfill = await app.backfiller.begin(options, seen)
        return await _go(app, backfill, form, in_app=in_app)

    _run(context, start)


@backfill_group.command(short_help="Show the progress.")
@click.argument("backfill_id", default="", metavar="[ID]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def status(context: click.Context, backfill_id: str, as_json: bool) -> None:
    """Shows the progress of a backfill: the latest, or the one with this ID."""

    async def tell(app: Services) -> Exit:
        _Form(as_json).state(await app.backfiller.find(backfill_id))
        return Exit.GOOD

    _run(context, tell)


@backfill_group.command(short_help="Stop queuing pictures.")
@click.pass_context
def stop(context: click.Context) -> None:
    """Stops queuing pictures; those in the queue are still described. `continue` resumes."""

    async def end(app: Services) -> Exit:
        _Form(as_json=False).state(await app.backfiller.stop())
        click.echo("The app still describes what is queued. `describer backfill continue` queues the rest.", err=True)
        return Exit.GOOD

    _run(context, end)


@backfill_group.command("continue", short_help="Resume the latest one.")
@_capped
@click.option("-y", "--yes", "_yes", is_flag=True, expose_value=False, help="Changes nothing: this never asks.")
@click.option("--in-app", is_flag=True, help="Let the app run it, and return at once.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each state.")
@click.pass_context
def continue_(context: click.Context, /, in_app: bool, as_json: bool, **caps: Any) -> None:
    """Resumes the latest backfill after an interruption, a stop, or a reached limit."""

    async def go_on(app: Services) -> Exit:
        given = {name: value for name, value in caps.items() if value is not None}
        backfill = await app.backfiller.resume(await app.backfiller.find(""), given)
        return await _go(app, backfill, _Form(as_json), in_app=in_app)

    _run(context, go_on)


def _wishes(app: Services, given: dict[str, Any]) -> dict[str, Any]:
    watched = app.settings.containers
    container = given.pop("container") or watched[0]
    if container not in watched:
        raise InvalidRequest(f"{container!r} is not watched; expected one of {', '.join(watched)}.", field="container")
    for name in ("modified_after", "modified_before"):
        day: datetime | None = given[name]
        given[name] = day.replace(tzinfo=day.tzinfo or UTC) if day else None
    return {**given, "container": container}


async def _go(app: Services, backfill: Backfill, form: "_Form", *, in_app: bool) -> Exit:
    if in_app:
        await app.backfill_steps.send(backfill)
        click.echo("The app continues it; `describer backfill status` shows the progress.", err=True)
        return Exit.GOOD
    with form.progress(backfill) as on_step:
        backfill = await app.backfiller.drive(backfill, on_step, max_wait=_MAX_WAIT)
    form.state(backfill)
    return Exit.GOOD if backfill.state is End.FINISHED else Exit.SOME


def _run(context: click.Context, task: Callable[[Services], Awaitable[Exit]]) -> None:
    setup: Setup = context.obj
    try:
        code = setup.work(_NEEDS, task)
    except (KeyboardInterrupt, interrupt.Terminated) as end:
        click.echo("Interrupted. `describer backfill continue` resumes it.", err=True)
        code = Exit.TERMINATED if isinstance(end, interrupt.Terminated) else Exit.INTERRUPTED
    raise click.exceptions.Exit(code)


@dataclass(frozen=True, slots=True)
class _Form:
    """Prints tables for people, or lines of JSON."""

    as_json: bool

    def preview(self, seen: Preview, options: BackfillOptions) -> None:
        if self.as_json:
            click.echo(line({"preview": dataclasses.asdict(seen)}))
        else:
            tables.show(backfill_tables.of_preview(seen, options))

    def state(self, backfill: Backfill) -> None:
        if self.as_json:
            click.echo(line(backfill_tables.facts(backfill)))
        else:
            tables.show(backfill_tables.of_backfill(backfill))

    @contextmanager
    def progress(self, backfill: Backfill) -> Iterator[Callable[[Backfill], None]]:
        """Show each state: as a bar on a terminal's standard error, or as lines of JSON."""
        console = Console(stderr=True)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(
            *columns, console=console, transient=True, disable=self.as_json or not console.is_terminal
        ) as bar:
            task = bar.add_task("Describing", total=None)

            def on_step(state: Backfill) -> None:
                if self.as_json:
                    self.state(state)
                described = backfill_tables.headline(state)
                bar.update(task, description=described, completed=state.tally.done, total=state.enqueued or None)

            on_step(backfill)
            yield on_step
