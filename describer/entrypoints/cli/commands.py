"""The commands: parse, call, print."""

import asyncio
import sys
import time
from typing import Final

import click

from describer import __version__
from describer.domain.errors import InvalidRequest
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.entrypoints.cli import help_text, tables
from describer.entrypoints.cli.backfill_command import backfill_group
from describer.entrypoints.cli.common_options import add_everywhere
from describer.entrypoints.cli.deletion_commands import orphans, purge
from describer.entrypoints.cli.describe_command import Asking
from describer.entrypoints.cli.doctor_command import doctor
from describer.entrypoints.cli.exit_codes import Exit
from describer.entrypoints.cli.export_command import export
from describer.entrypoints.cli.folder_preview import agreed
from describer.entrypoints.cli.html_command import html
from describer.entrypoints.cli.import_command import import_
from describer.entrypoints.cli.inputs import STDIN, find
from describer.entrypoints.cli.mcp_command import mcp_
from describer.entrypoints.cli.printing import Form, tell_left_out
from describer.entrypoints.cli.results import line, no_record
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.set_command import set_
from describer.entrypoints.cli.settings_command import completion, settings_
from describer.entrypoints.cli.setup import Setup, run_with
from describer.entrypoints.cli.status_command import status
from describer.entrypoints.on_demand.limits import DETAILS, MOST_SOURCES
from describer.entrypoints.on_demand.service import RequestOptions
from describer.settings import Need
from describer.vision import prompt

_POLL_SECONDS: Final = 1.0
"""Seconds between two reads of a record that does not exist yet."""


@click.group(
    help=help_text.ABOUT,
    epilog=help_text.CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(__version__, prog_name="describer")
def cli() -> None:
    """Set up the command; see help_text.py."""


@cli.command(short_help="Describe pictures.", help=help_text.DESCRIBE, epilog=help_text.DESCRIBE_EXAMPLES)
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each picture: its whole record.")
@click.option(
    "--alt-only", is_flag=True, help="A line for each picture: its alt text; empty if it has none for publication."
)
@click.option("--html", "as_html", is_flag=True, help="A line for each picture: an <img> with its text, escaped.")
@click.option("--csv", "as_csv", is_flag=True, help="A row for each picture, for spreadsheets.")
@click.option("--ordered", is_flag=True, help="Print in the order of the arguments, not each as soon as it is done.")
@click.option(
    "-l",
    "--language",
    "languages",
    multiple=True,
    metavar="TAG",
    help="Of the texts: en, pt-BR; several by comma.",
)
@click.option("--prompt", "question", metavar="TEXT", help="A question of your own, for one free answer.")
@click.option("--context", default="", metavar="TEXT", help="What you know of the pictures: names, places.")
@click.option("--profile", type=click.Choice(prompt.PROFILES), default=None, help="Purpose of the descriptions.")
@click.option("--detail", type=click.Choice(DETAILS), default=None, help="How closely the model looks.")
@click.option("--use", "use", multiple=True, metavar="WORD", help="A word that the texts should contain.")
@click.option("--avoid", "avoid", multiple=True, metavar="WORD", help="A word that no text may contain.")
@click.option("--model", default="", metavar="NAME", help="Another deployment of MODELS_ALLOWED.")
@click.option("--max-tokens", type=int, metavar="N", help="Cap of the answer.")
@click.option("--max-image-tokens", type=int, metavar="N", help="Token limit of a picture, which is shrunk to it.")
@click.option("--max-chars", type=int, metavar="N", help="Maximum length of an alt text.")
@click.option("--container", default="", metavar="NAME", help="Each PICTURE is a blob of this watched container.")
@click.option("--write", is_flag=True, help="Store the descriptions of blobs, as after an upload.")
@click.option("--again", is_flag=True, help="Ask for a new answer even if one is stored; people's texts are kept.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a folder is described.")
@click.pass_obj
def describe(
    setup: Setup,
    pictures: tuple[str, ...],
    as_json: bool,
    alt_only: bool,
    as_html: bool,
    as_csv: bool,
    ordered: bool,
    languages: tuple[str, ...],
    question: str | None,
    context: str,
    profile: str | None,
    detail: str | None,
    use: tuple[str, ...],
    avoid: tuple[str, ...],
    model: str,
    max_tokens: int | None,
    max_image_tokens: int | None,
    max_chars: int | None,
    container: str,
    write: bool,
    again: bool,
    yes: bool,
) -> None:
    forms = {Form.JSON: as_json, Form.ALT_TEXT: alt_only, Form.HTML: as_html, Form.CSV: as_csv}
    asked_for = [form for form, wanted in forms.items() if wanted] or [Form.TABLE]
    if len(asked_for) > 1:
        raise click.UsageError("--json, --alt-only, --html and --csv exclude each other.")
    if write and not container:
        raise click.UsageError("--write needs --container: only a blob's description can be stored.")
    tags = tuple(tag.strip() for given in languages for tag in given.split(",") if tag.strip())
    options = RequestOptions(
        tags, context, profile or "", detail or "", max_chars, max_tokens, max_image_tokens, model, use, avoid, again
    )
    needs = {Need.MODEL} | ({Need.BLOBS} if container else set()) | (set(Need) if write else set())
    app = setup.app(needs)
    stdin = sys.stdin.buffer.read(app.settings.max_bytes + 1) if STDIN in pictures and not container else b""
    found = find(pictures, container, stdin)
    asking = Asking(found, options, asked_for[0], ordered, write)
    tell_left_out(found.skipped, found.unread)
    if faults := found.faults:
        raise InvalidRequest("\n".join(faults), field="pictures")
    if question is not None and len(found.sources) > MOST_SOURCES:
        sentence = f"A question can be about 1 to {MOST_SOURCES} pictures, not {len(found.sources)}."
        raise InvalidRequest(sentence, field="pictures")

    async def work(app: Services) -> Exit:
        if question is not None:
            return await asking.answer(app, question)
        if found.folders and not agreed(found, app.asking_of(app.on_demand.brief(options)), yes=yes):
            click.echo("Nothing was sent.", err=True)
            return Exit.GOOD
        return await asking.describe(app)

    raise click.exceptions.Exit(run_with(app, work))


@cli.command(short_help="Show what is stored about a blob.", epilog=help_text.SHOW_EXAMPLES)
@click.argument("blob", metavar="CONTAINER/NAME")
@click.option("--json", "as_json", is_flag=True, help="The record as it is stored.")
@click.option("--wait", type=click.FloatRange(0), default=0, metavar="SECONDS", help="Wait this long for a record.")
@click.pass_obj
def show(setup: Setup, blob: str, as_json: bool, wait: float) -> None:
    """Shows the stored record of a blob, including people's texts."""
    ref = ImageRef.parse(blob)

    async def read(app: Services) -> StoredRecord | None:
        ends = time.monotonic() + wait
        found = await app.records.read(ref)
        while found is None and time.monotonic() < ends:
            await asyncio.sleep(_POLL_SECONDS)
            found = await app.records.read(ref)
        return found

    stored = setup.work({Need.BLOBS}, read)
    if stored is None:
        raise no_record(ref)
    if as_json:
        click.echo(line(stored.record.model_dump(mode="json")))
    else:
        tables.show(tables.of_record(stored.record))


for each in (set_, backfill_group, status, export, import_, html, orphans, purge, doctor, settings_, completion, mcp_):
    cli.add_command(each)
add_everywhere(cli)
