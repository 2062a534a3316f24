"""`describer describe`: asks about pictures and prints the answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from describer.entrypoints.cli import exit_codes, tables
from describer.entrypoints.cli.batch import Work
from describer.entrypoints.cli.exit_codes import Exit
from describer.entrypoints.cli.inputs import Source
from describer.entrypoints.cli.results import Result, line, printable
from describer.entrypoints.cli.services import Services
from describer.entrypoints.on_demand.service import FreeAnswer, RequestOptions
from describer.vision.answer import Ending

_UNFINISHED: Final = {
    Ending.CUT_OFF: "The answer was truncated; --max-tokens allows a longer one.",
    Ending.FILTERED: "The content filter of the model's service stopped the answer.",
    Ending.REFUSED: "The model refused to answer.",
}


class Form(Enum):
    """The output forms."""

    TABLE = auto()
    JSON = auto()
    ALT_TEXT = auto()
    HTML = auto()


_LINES: Final[Mapping[Form, Callable[[Result], str]]] = {
    Form.ALT_TEXT: lambda result: result.alt_text,
    Form.HTML: Result.as_html,
}
"""Forms with one line per picture; the reason for a missing text goes to standard error."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One call of `describer describe`.

    Args:
        sources: the pictures by name.
        options: the options.
        form: the output form.
        write: whether to store the descriptions of blobs.
    """

    sources: Sequence[tuple[str, Source]]
    options: RequestOptions
    form: Form
    write: bool = False

    async def describe(self, app: Services) -> Exit:
        """Describe each picture; results so far are printed even after an error."""
        brief = app.on_demand.brief(self.options)
        results: list[Result] = []
        try:
            with _progress(len(self.sources)) as on_done:
                described = _work(app).describe(self.sources, brief, write=self.write, on_done=on_done)
                async with aclosing(described):
                    async for result in described:
                        results.append(result)
                        self._print(result)
        finally:
            if self.form is Form.TABLE and results:
                tables.show(tables.of_results(results))
        return exit_codes.of_results(results)

    async def answer(self, app: Services, question: str) -> Exit:
        """Print one answer about all pictures as it arrives."""
        asked = app.on_demand.question(question, self.options)
        answer = None
        async with aclosing(_work(app).answer([source for _, source in self.sources], asked)) as pieces:
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

    def _print(self, result: Result) -> None:
        if self.form is Form.JSON:
            click.echo(result.as_json())
        elif self.form in _LINES:
            click.echo(_LINES[self.form](result))
            if result.reason:
                click.echo(printable(f"{result.picture}: {result.reason}"), err=True)


def _work(app: Services) -> Work:
    return Work(app.on_demand, app.settings.model_concurrency)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error, if that is a terminal and there is more than one picture."""
    console = Console(stderr=True)
    columns = TextColumn("Describing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal or total < 2) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
