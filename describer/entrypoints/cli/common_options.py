"""Options that every command takes, before or after its name."""

import logging
import warnings
from pathlib import Path

import click

from describer.entrypoints.cli.setup import USUAL, Setup


def add_everywhere(command: click.Command) -> None:
    """Give the options to a command, and to those below it."""
    command.params += [
        click.Option(
            ["--settings"],
            type=click.Path(path_type=Path),
            help=f"A file in the form of {USUAL}, instead of that one.",
            callback=_settings,
            expose_value=False,
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            help="Tell what is going on, and show the whole trace of a bug.",
            callback=_verbose,
            expose_value=False,
        ),
    ]
    if isinstance(command, click.Group):
        for below in command.commands.values():
            add_everywhere(below)


def quieten() -> None:
    """The SDKs log and warn for operators; whoever asked for a picture's text wants one sentence."""
    logging.basicConfig(level=logging.CRITICAL)
    warnings.simplefilter("ignore")


def _settings(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None and isinstance(setup := context.obj, Setup):
        setup.file = value


def _verbose(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and isinstance(setup := context.obj, Setup):
        setup.verbose = True
        logging.getLogger().setLevel(logging.INFO)
        warnings.resetwarnings()
