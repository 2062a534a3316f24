"""`describer describe`: asks about pictures and prints the answers."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import click

from describer.domain.errors import DescriberError
from describer.entrypoints.cli import exit_codes
from describer.entrypoints.cli.batch import Work
from describer.entrypoints.cli.exit_codes import Exit
from describer.entrypoints.cli.inputs import Found
from describer.entrypoints.cli.printing import Form, printer, tell_undone
from describer.entrypoints.cli.results import Result, line, printable
from describer.entrypoints.cli.services import Services
from describer.entrypoints.on_demand.service import FreeAnswer, RequestOptions
from describer.vision.answer import Ending

_UNFINISHED: Final = {
    Ending.CUT_OFF: "The answer was truncated; --max-tokens allows a longer one.",
    Ending.FILTERED: "The content filter of the model's service stopped the answer.",
    Ending.REFUSED: "The model refused to answer.",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """One call of `describer describe`.

    Args:
        ordered: print in the order of the arguments, instead of each picture as soon as it is described.
        write: whether to store the descriptions of blobs.
    """

    found: Found
    options: RequestOptions
    form: Form
    ordered: bool = False
    write: bool = False

    async def describe(self, app: Services) -> Exit:
        """Describe the pictures, printing each result as it arrives; if interrupted, list the pictures without one."""
        brief, names = app.on_demand.brief(self.options), self.found.names
        done: dict[int, Result] = {}
        begun: set[int] = set()
        try:
            with printer(self.form, names, brief.languages, ordered=self.ordered) as (prints, advance):

                def heard(number: int, result: Result) -> None:
                    done[number] = result
                    prints.one(number, result)
                    advance()

                sources = self.found.sources
                await _work(app).describe(sources, brief, write=self.write, on_begun=begun.add, on_done=heard)
        except (asyncio.CancelledError, DescriberError) as end:
            if done or isinstance(end, asyncio.CancelledError):
                undone = [name for number, name in enumerate(names) if number not in done]
                tell_undone(undone, len(begun - done.keys()), len(names))
            raise
        return exit_codes.of_results(done.values())

    async def answer(self, app: Services, question: str) -> Exit:
        """Print one answer about all pictures as it arrives."""
        asked = app.on_demand.question(question, self.options)
        answer = None
        async with aclosing(_work(app).answer([source for _, source in self.found.sources], asked)) as pieces:
            async for piece in pieces:
                if isinstance(piece, FreeAnswer):
                    answer = piece
                elif self.form is not Form.JSON:
                    click.echo(printable(piece), nl=False)
        if answer is None:
            raise AssertionError("unreachable: the whole answer comes last")
        if self.form is Form.JSON:
            facts = {"answer": answer.text, "ending": answer.ending, "model": answer.model}
            click.echo(line({**facts, "usage": answer.usage.model_dump()}))
        else:
            click.echo()
        if why := _UNFINISHED.get(answer.ending):
            click.echo(why, err=True)
        return Exit.SOME if why else Exit.GOOD


def _work(app: Services) -> Work:
    return Work(app.on_demand, app.settings.model_concurrency)
