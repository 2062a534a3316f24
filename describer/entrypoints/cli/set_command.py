"""`describer set`: what a person says of a stored record, written as theirs."""

import click

from describer.domain.errors import InvalidRequest
from describer.entrypoints.cli import help_text, tables
from describer.entrypoints.cli.blob_name import blob_of
from describer.entrypoints.cli.results import line
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.entrypoints.on_demand.corrections import corrected
from describer.pipeline.correct import ANY
from describer.settings import Need

_TAKES_BACK = "suggested"


@click.command("set", short_help="Correct, approve or reject what is stored.", help=help_text.SET,
               epilog=help_text.SET_EXAMPLES)  # fmt: skip
@click.argument("blob", metavar="CONTAINER/NAME")
@click.option("--alt-text", metavar="TEXT", help="The new alt text.")
@click.option("--description", metavar="TEXT", help="The new description.")
@click.option("--extended-description", metavar="TEXT", help="The new long one.")
@click.option("-l", "--language", metavar="TAG", help="Of these texts; without it, the record's first language.")
@click.option(
    "--decorative/--not-decorative", "is_decorative", default=None, help="Whether an empty alt text is right."
)
@click.option("--approve", "review", flag_value="approved", help="The texts stand, whatever is asked later.")
@click.option("--reject", "review", flag_value="rejected", help="A person is to write the alt text.")
@click.option("--take-back", "review", flag_value=_TAKES_BACK, help="Neither approved nor rejected any more.")
@click.option("--undo", type=int, metavar="N", help="Bring back line N of the history; 1 is the newest.")
@click.option("--reviewed-by", default="", metavar="ID", help="Who says so, if REVIEWED_BY is on.")
@click.option("--if-match", metavar="ETAG", help="Only if the record is still this one.")
@click.option("--json", "as_json", is_flag=True, help="The record as it stands then.")
@click.pass_obj
def set_(
    setup: Setup,
    blob: str,
    alt_text: str | None,
    description: str | None,
    extended_description: str | None,
    language: str | None,
    is_decorative: bool | None,
    review: str | None,
    undo: int | None,
    reviewed_by: str,
    if_match: str | None,
    as_json: bool,
) -> None:
    """The words are above."""
    ref = blob_of(blob)
    options = {"alt_text": alt_text, "description": description, "extended_description": extended_description}
    texts = {name: text for name, text in options.items() if text is not None}
    if language and not texts:
        raise InvalidRequest("--language says which language a text is in; give one.", field="language")

    async def correct(app: Services) -> None:
        tag = language
        if texts and not tag:
            stored = await app.records.read(ref)
            tag = stored.record.language if stored else "en"  # without a record, the corrector says so
        given = {tag: texts} if tag else {}
        said = corrected(given, is_decorative=is_decorative, review=review or "", undo=undo, reviewed_by=reviewed_by)
        etags = ANY if if_match is None else (f'"{if_match.strip('"')}"',)
        stored = await app.corrector.correct(ref, said, etags)
        if as_json:
            click.echo(line(stored.record.model_dump(mode="json")))
        else:
            tables.show(tables.of_record(stored.record))

    setup.work({Need.BLOBS, Need.EVENTS}, correct)
