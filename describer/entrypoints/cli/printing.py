"""How the results of `describer describe` are printed: each as soon as it is there, in one of several forms."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from describer.entrypoints.cli import tables
from describer.entrypoints.cli.results import Result, csv_header, printable

_MOST_NAMED: Final = 20
"""Pictures that are named one by one where a command ended before they were described."""


class Form(Enum):
    """How results are printed."""

    TABLE = auto()
    JSON = auto()
    ALT_TEXT = auto()
    HTML = auto()
    CSV = auto()


class Printer(Protocol):
    """Prints results."""

    def one(self, number: int, result: Result) -> None:
        """Print the result of picture `number`."""

    def end(self) -> None:
        """Print what was held back, and a summary."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A piece of text for each picture, on the standard output; why one has no text goes to the standard error."""

    text: Callable[[Result], str]
    reasons: bool = False

    def one(self, number: int, result: Result) -> None:
        """Print its line."""
        del number
        click.echo(self.text(result))
        if self.reasons and result.reason:
            click.echo(printable(f"{result.picture}: {result.reason}"), err=True)

    def end(self) -> None:
        """Nothing is held back."""


@dataclass(frozen=True, slots=True)
class Csv:
    """A row for each picture below a header, in UTF-8 with a byte order mark, as `describer export` writes it."""

    languages: Sequence[str]

    def __post_init__(self) -> None:
        click.echo(csv_header(self.languages).encode(), nl=False)

    def one(self, number: int, result: Result) -> None:
        """Print its row."""
        del number
        click.echo(result.as_csv(self.languages).encode(), nl=False)

    def end(self) -> None:
        """Nothing is held back."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table: on a terminal laid out in columns, elsewhere a line each, its cells between tabs.

    Args:
        labels: the pictures' names as they are shown.
        console: the terminal, or None.
    """

    labels: Sequence[str]
    console: Console | None
    results: list[Result] = field(default_factory=list)

    def one(self, number: int, result: Result) -> None:
        """Print its row; the only one of a terminal is shown whole."""
        self.results.append(result)
        label = self.labels[number]
        if self.console is None:
            click.echo("\t".join(tables.cells(label, result)))
        elif len(self.labels) == 1:
            self.console.print(tables.of_result(result))
        else:
            first = len(self.results) == 1
            self.console.print(tables.row(label, result, self.labels, self.console.width, header=first))

    def end(self) -> None:
        """Print how many ended how, and what it cost."""
        if len(self.labels) > 1 and self.results:
            click.echo(tables.summary(self.results), err=self.console is None)


@dataclass(slots=True)
class Ordered:
    """Holds each result back until those before it are printed.

    Args:
        inner: prints.
        blank: print an empty line for each picture that has no result in the end, as a line's place tells its picture.
    """

    inner: Printer
    blank: bool
    _waiting: dict[int, Result] = field(default_factory=dict)
    _next: int = 0

    def one(self, number: int, result: Result) -> None:
        """Print it, or keep it until its turn."""
        self._waiting[number] = result
        while self._next in self._waiting:
            self._print(self._next)

    def end(self) -> None:
        """Print what waited for a picture that is not described."""
        for number in sorted(self._waiting):
            while self.blank and self._next < number:
                click.echo()
                self._next += 1
            self._print(number)
        self.inner.end()

    def _print(self, number: int) -> None:
        self.inner.one(number, self._waiting.pop(number))
        self._next = number + 1


@contextmanager
def printer(
    form: Form, labels: Sequence[str], languages: Sequence[str], *, ordered: bool
) -> Iterator[tuple[Printer, Callable[[], None]]]:
    """Yield what prints, and what is called as each picture ends; however the block ends, the rest is printed."""
    with _progress(form, len(labels)) as (console, advance):
        inner = _inner(form, labels, languages, console)
        # The lines of alt texts name no picture: only their order tells which is whose.
        by_place = form is Form.ALT_TEXT
        chosen = Ordered(inner, by_place) if ordered or by_place else inner
        try:
            yield chosen, advance
        finally:
            chosen.end()


def _inner(form: Form, labels: Sequence[str], languages: Sequence[str], console: Console | None) -> Printer:
    match form:
        case Form.TABLE:
            return Rows(labels, console)
        case Form.JSON:
            return Lines(Result.as_json)
        case Form.CSV:
            return Csv(languages)
        case Form.HTML:
            return Lines(Result.as_html, reasons=True)
        case Form.ALT_TEXT:
            return Lines(lambda result: result.alt_text, reasons=True)


@contextmanager
def _progress(form: Form, total: int) -> Iterator[tuple[Console | None, Callable[[], None]]]:
    """Yield the terminal for tables, and what moves a bar; there is none where lines of text go to the terminal."""
    on_terminal = sys.stdout.isatty()
    console = tables.terminal() if on_terminal else Console(stderr=True)
    bar_is_seen = console.is_terminal and total > 1 and (form is Form.TABLE or not on_terminal)
    columns = TextColumn("Describing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not bar_is_seen, redirect_stdout=on_terminal
    ) as bar:
        task = bar.add_task("", total=total)
        yield (console if on_terminal and form is Form.TABLE else None), lambda: bar.advance(task)


def tell_left_out(skipped: int, unread: Sequence[tuple[str, str]]) -> None:
    """Say on the standard error which files of folders are not described."""
    if skipped:
        click.echo(f"Passed over, being no pictures: {skipped}.", err=True)
    if unread:
        click.echo(f"Passed over, being pictures in formats that are not read: {len(unread)}.", err=True)
    _name(unread)


def tell_undone(undone: Sequence[str], under_way: int, total: int) -> None:
    """Say on the standard error which pictures have no text, where a command was ended before all had one."""
    begun = f"; {under_way} of them were under way, whose answers may be charged" if under_way else ""
    click.echo(f"Not described: {len(undone)} of {total}{begun}.", err=True)
    _name([(name, "") for name in undone])


def _name(pictures: Sequence[tuple[str, str]]) -> None:
    for name, why in pictures[:_MOST_NAMED]:
        click.echo(printable(f"  {name}{': ' if why else ''}{why}"), err=True)
    if len(pictures) > _MOST_NAMED:
        click.echo(f"  and {len(pictures) - _MOST_NAMED} more", err=True)
