"""`describer set`: writes a person's corrections to a stored record."""

import click

from describer.domain.errors import InvalidRequest
from describer.domain.etag import quoted
from describer.domain.image_ref import ImageRef
from describer.entrypoints.cli import help_text, tables
from describer.entrypoints.cli.results import line, no_record
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
@click.option("--extended-description", metavar="TEXT", help="The new extended description.")
@click.option("-l", "--language", metavar="TAG", help="Language of these texts; default: the record's first.")
@click.option(
    "--decorative/--not-decorative", "is_decorative", default=None, help="Whether an empty alt text is correct."
)
@click.option("--approve", "review", flag_value="approved", help="Keep the texts, whatever is requested later.")
@click.option("--reject", "review", flag_value="rejected", help="Require a person to write the alt text.")
@click.option("--take-back", "review", flag_value=_TAKES_BACK, help="Revoke an approval or rejection.")
@click.option("--undo", type=int, metavar="N", help="Restore entry N of the history; 1 is the newest.")
@click.option("--reviewed-by", default="", metavar="ID", help="Who says so, if REVIEWED_BY is on.")
@click.option("--if-match", metavar="ETAG", help="Only if the record is still this version.")
@click.option("--json", "as_json", is_flag=True, help="Print the resulting record as JSON.")
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
    ref = ImageRef.parse(blob)
    options = {"alt_text": alt_text, "description": description, "extended_description": extended_description}
    texts = {name: text for name, text in options.items() if text is not None}
    if language and not texts:
        raise InvalidRequest("--language applies to a text; give one.", field="language")

    async def correct(app: Services) -> None:
        app.catalogue.watched(ref.container)
        stored = await app.records.read(ref)
        if stored is None:
            raise no_record(ref)
        given = {language or stored.record.language: texts} if texts else {}
        said = corrected(given, is_decorative=is_decorative, review=review or "", undo=undo, reviewed_by=reviewed_by)
        etags = ANY if if_match is None else (quoted(if_match),)
        stored = await app.corrector.correct(ref, said, etags)
        if as_json:
            click.echo(line(stored.record.model_dump(mode="json")))
        else:
            tables.show(tables.of_record(stored.record))

    setup.work({Need.BLOBS, Need.EVENTS}, correct)
