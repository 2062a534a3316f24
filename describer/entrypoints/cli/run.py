"""Runs a command. Every error ends with one sentence and an exit code, without a traceback."""

import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Final

import click

from describer.domain import bugs
from describer.domain.errors import DescriberError
from describer.entrypoints.cli.commands import cli
from describer.entrypoints.cli.exit_codes import Exit, of_error
from describer.entrypoints.cli.results import printable
from describer.entrypoints.cli.services import Connect

_VERBOSE: Final = "--verbose"


def run(connect: Connect) -> int:
    """Run the process's command quietly and return the exit code."""
    _quieten(verbose=_VERBOSE in sys.argv)
    return called(sys.argv[1:], connect)


def called(arguments: Sequence[str], connect: Connect) -> int:
    """Run one command and return the exit code."""
    try:
        return int(cli.main(list(arguments), prog_name="describer", standalone_mode=False, obj=connect) or 0)
    except (KeyboardInterrupt, click.Abort):
        return _fail("Interrupted.", Exit.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except DescriberError as error:
        return _fail(str(error), of_error(error))
    except BrokenPipeError:  # the reader has closed the pipe; avoid Python's message at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.SOME
    except OSError as error:
        return _fail(f"The output cannot be written: {error.strerror or error}.", Exit.SOME)
    except Exception as error:
        if _VERBOSE in arguments:
            raise
        found = bugs.facts(error)  # the message may quote an address
        sentence = f"This is a bug ({found['error']} at {found['where']}). `describer --verbose …` shows more."
        return _fail(sentence, Exit.BUG)


def _fail(sentence: str, code: Exit) -> Exit:
    click.echo(printable(sentence), err=True)
    return code


def _quieten(*, verbose: bool) -> None:
    """Silence the SDKs' logs and warnings, which are for operators, unless `verbose`."""
    logging.basicConfig(level=logging.INFO if verbose else logging.CRITICAL)
    if not verbose:
        warnings.simplefilter("ignore")
