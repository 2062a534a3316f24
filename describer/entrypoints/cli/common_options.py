"""Options of all commands, accepted before or after the command's name."""

import logging
import warnings
from pathlib import Path

import click

from describer.entrypoints.cli.setup import USUAL, Setup


def add_everywhere(command: click.Command) -> None:
    """Add the options to a command and its subcommands."""
    command.params += [
        click.Option(
            ["--settings"],
            type=click.Path(path_type=Path),
            help=f"Read settings from this file instead of {USUAL}.",
            callback=_settings,
            expose_value=False,
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            help="Log what the command does, and show the traceback of a bug.",
            callback=_verbose,
            expose_value=False,
        ),
    ]
    if isinstance(command, click.Group):
        for below in command.commands.values():
            add_everywhere(below)


def quieten() -> None:
    """Silence the SDKs, which log and warn for operators; a user of the command line gets one sentence instead."""
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
