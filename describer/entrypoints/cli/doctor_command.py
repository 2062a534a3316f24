"""`describer doctor`: checks every connection, and says which commands can work."""

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

import click

from describer.domain.errors import InvalidSettings, Misconfigured
from describer.entrypoints.cli import help_text, tables
from describer.entrypoints.cli.exit_codes import Exit
from describer.entrypoints.cli.results import line
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.operations.health import Check, StaticProbe, check_all
from describer.pipeline.ports import ProbeResult, Verdict
from describer.settings import Need, Settings

_OF_MODEL: Final = {"model", "identity: model"}
_SETTINGS: Final = "settings"
_NOT_CONFIGURED: Final = "not configured"
_LIST: Final = "`describer settings` lists them."


@click.command(short_help="Check every connection.", help=help_text.DOCTOR)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each check.")
@click.option(
    "--only", type=click.Choice(["model"]), default=None, help="Check only this, without the settings for the rest."
)
@click.pass_obj
def doctor(setup: Setup, as_json: bool, only: str | None) -> None:
    checks, writes = (setup.work({Need.MODEL}, _of_model), "not checked") if only else _checks(setup)
    if as_json:
        for check in checks:
            click.echo(line(dataclasses.asdict(check)))
    else:
        tables.show(tables.of_checks(checks))
    failed = {check.name for check in checks if check.verdict is Verdict.FAILED}
    asked = {check.name for check in checks} & _OF_MODEL
    describes = "ready" if asked and not failed & asked else "not ready"
    click.echo(f"describe: {describes}; --write: {writes or ('not ready' if failed else 'ready')}.", err=True)
    raise click.exceptions.Exit(Exit.MISCONFIGURED if failed else Exit.GOOD)


async def _of_model(app: Services) -> list[Check]:
    return await check_all(probe for probe in app.probes if probe.name in _OF_MODEL)


def _checks(setup: Setup) -> tuple[list[Check], str]:
    """Return the checks possible with these settings, and the status of `--write` if it is already known."""
    try:
        return setup.work(set(Need), lambda app: check_all(app.probes_of_azure_too)), ""
    except Misconfigured as fault:
        faulty = list(_faulty(fault))
    try:
        app = setup.app({Need.MODEL})
    except Misconfigured:
        return _rest(setup, faulty), ""
    if _names_storage(app.settings):
        return _rest(setup, faulty), ""
    enough = "Complete for `describe`. Storage is not configured, which --write and all other commands need."
    only_model = StaticProbe(_SETTINGS, ProbeResult(Verdict.OK, enough, _LIST))

    async def look(app: Services) -> list[Check]:
        return await check_all([only_model, *(probe for probe in app.probes if "model" in probe.name)])

    return setup.work({Need.MODEL}, look), _NOT_CONFIGURED


def _faulty(fault: Misconfigured) -> Iterator[StaticProbe]:
    """Yield a failed check for each fault of the settings, the last one with the advice."""
    *others, last = fault.faults if isinstance(fault, InvalidSettings) else [str(fault)]
    yield from (StaticProbe(_SETTINGS, ProbeResult(Verdict.FAILED, other)) for other in others)
    yield StaticProbe(_SETTINGS, ProbeResult(Verdict.FAILED, last, _LIST))


def _rest(setup: Setup, faulty: Sequence[StaticProbe]) -> list[Check]:
    """Return the faults of the settings, and the checks that the rest allows."""

    async def look(app: Services) -> Sequence[Check]:
        others = (probe for probe in app.probes_of_azure_too if probe.name != _SETTINGS)
        return await check_all([*faulty, *others])

    try:
        return list(setup.work((), look))
    except Misconfigured:
        return asyncio.run(check_all(faulty))


def _names_storage(settings: Settings) -> bool:
    """Return whether a setting names the pictures, the descriptions or the app's own queues."""
    accounts = (settings.images_account, settings.host_account)
    named = (address for each in accounts for address in (each.connection_string, each.blob_uri, each.queue_uri))
    return any(named) or bool(settings.events_topic_endpoint)
