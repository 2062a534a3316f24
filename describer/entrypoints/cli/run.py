"""Runs a command. Every error ends with one sentence and an exit code, without a traceback."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from describer.domain import bugs
from describer.domain.errors import DescriberError
from describer.entrypoints.cli.commands import cli
from describer.entrypoints.cli.common_options import quieten
from describer.entrypoints.cli.exit_codes import Exit, of_error
from describer.entrypoints.cli.interrupt import Terminated
from describer.entrypoints.cli.results import printable
from describer.entrypoints.cli.services import Connect
from describer.entrypoints.cli.setup import Setup


def run(connect: Connect) -> int:
    """Run the process's command quietly and return the exit code."""
    quieten()
    _write_what_others_can_read()
    return called(sys.argv[1:], connect)


def called(arguments: Sequence[str], connect: Connect) -> int:
    """Run one command and return the exit code."""
    setup = Setup(connect)
    try:
        return int(cli.main(list(arguments), prog_name="describer", standalone_mode=False, obj=setup) or 0)
    except Terminated:
        return _fail("Terminated.", Exit.TERMINATED)
    except (KeyboardInterrupt, click.Abort):
        return _fail("Interrupted.", Exit.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except DescriberError as error:
        return _fail(error.sentence, of_error(error))
    except BrokenPipeError:  # the reader has closed the pipe; avoid Python's message at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.SOME
    except OSError as error:
        return _fail(f"The output cannot be written: {error.strerror or error}.", Exit.SOME)
    except Exception as error:
        if setup.verbose:
            raise
        found = bugs.facts(error)  # the message may quote an address
        sentence = f"This is a bug ({found['error']} at {found['where']}). `describer --verbose …` shows more."
        return _fail(sentence, Exit.BUG)


def _fail(sentence: str, code: Exit) -> Exit:
    click.echo(printable(sentence), err=True)
    return code


def _write_what_others_can_read() -> None:
    """Write UTF-8 to files and pipes whatever the locale; on a terminal, replace characters that it cannot show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
