"""Output for people: tables on a terminal; tab-separated lines, one per record, in a pipe or file."""

import sys
from collections.abc import Iterator, Sequence

import click
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from describer.domain.record import Record
from describer.domain.status import Status
from describer.domain.texts import TEXT_FIELDS
from describer.entrypoints.cli.results import Result, one_line, printable
from describer.operations.health import Check
from describer.pipeline.coverage import Coverage
from describer.pipeline.ports import Verdict

_COLOURS = {"described": "green", "kept": "green", "needs_review": "yellow", "later": "yellow"}
_MARKS = {Verdict.OK: ("ok", "green"), Verdict.FAILED: ("failed", "red"), Verdict.UNKNOWN: ("unknown", "yellow")}


_STATUS_WIDTH = max(map(len, ["Status", *Status, "unfetchable", "unreadable", "off_limits"]))
_GAP = 2


def terminal() -> Console:
    """Return the console of standard output, which is a terminal."""
    return Console(highlight=False, emoji=False)


def show(renderable: RenderableType) -> None:
    """Print a table to a terminal, or its rows as unwrapped tab-separated lines to a pipe or file."""
    if sys.stdout.isatty() or not isinstance(renderable, Table):
        terminal().print(renderable)
        return
    for row in zip(*(column.cells for column in renderable.columns), strict=True):
        click.echo("\t".join(one_line(cell.plain if isinstance(cell, Text) else str(cell)) for cell in row))


def cells(result: Result) -> tuple[str, str, str, str]:
    """Return the cells of a picture's line in a pipe: name, status, alt text and the reason for a missing text."""
    alt_text = result.record.alt_text if result.record is not None else ""
    return one_line(result.picture), result.status, one_line(alt_text), one_line(result.reason)


def row(result: Result, names: Sequence[str], width: int, *, header: bool) -> Table:
    """Return one row of a table with column widths from all names, so that it can be printed before the next one."""
    name_width = min(max(len("Picture"), *map(cell_len, names)), max(12, width // 3))
    table = Table.grid(padding=(0, _GAP, 0, 0))
    table.add_column(width=name_width, overflow="fold")
    table.add_column(width=_STATUS_WIDTH, overflow="fold")
    table.add_column(width=max(12, width - name_width - _STATUS_WIDTH - 2 * _GAP), overflow="fold")
    if header:
        titles = ("Picture", "Status", "Alt text, or why there is none")
        table.add_row(*(Text(title, style="bold") for title in titles))
    said = Text(printable(result.record.alt_text if result.record is not None else ""))
    reason = Text(printable(result.reason), style="dim")
    table.add_row(
        Text(printable(result.picture)),
        _status(result.status),
        Text("\n").join(text for text in (said, reason) if text),
    )
    return table


def of_result(result: Result) -> Table:
    """Return all facts about the only picture."""
    return card([("picture", result.picture), *_facts(result)])


def of_record(record: Record) -> Table:
    """Return all facts about one picture."""
    name = record.source.ref.path
    return card([("picture", name), *_facts(Result(name, record))])


def of_coverage(container: str, coverage: Coverage) -> Table:
    facts = [("container", container), ("pictures", f"{coverage.pictures:,}")]
    for language, pictures in coverage.languages.items():
        share = coverage.share(language)
        facts.append((f"in {language}", f"{pictures:,}" + ("" if share is None else f" ({_percent(share)})")))
    others = {"without a record": coverage.without_record, **coverage.statuses, "no pictures": coverage.not_pictures,
              "excluded": coverage.excluded,
              "records of deleted pictures": coverage.orphans,
              "with metadata of another record": coverage.drifted}  # fmt: skip
    return card(facts + [(name, f"{count:,}") for name, count in others.items() if count])


def _percent(share: float) -> str:
    """Return whole per cent, but 100 only if nothing is missing."""
    return f"{100 * share:.0f} %" if share == 1 else f"{min(99, round(100 * share))} %"


def of_checks(checks: Sequence[Check]) -> Table:
    """Return a row for each check, with its advice below the finding."""
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark, colour = _MARKS[check.verdict]
        cell = Text(printable(check.found))
        if check.advice:
            cell.append(f"\n→ {printable(check.advice)}", style="bold")
        table.add_row(Text(mark, style=colour), check.name, f"{check.seconds:.2f} s", cell)
    return table


def card(facts: Sequence[tuple[str, str]]) -> Table:
    """Return a table of named facts."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name.replace("_", " "), _status(value) if name == "status" else Text(printable(value)))
    return table


def _facts(result: Result) -> Iterator[tuple[str, str]]:
    yield "status", result.status
    if result.reason:
        yield "reason", result.reason
    record = result.record
    if record is None:
        return
    for name in TEXT_FIELDS:
        if text := getattr(record, name):
            yield name, text
    for language, texts in record.translations.items():
        yield from ((f"{name} ({language})", getattr(texts, name)) for name in TEXT_FIELDS if getattr(texts, name))
    if record.visible_text:
        yield "visible_text", record.visible_text
    for name, several in (("tags", record.tags), ("flags", record.flags)):
        if several:
            yield name, ", ".join(several)
    if record.is_decorative:
        yield "decorative", "yes: an empty alt text is correct"
    yield "model", _spent(record)


def _spent(record: Record) -> str:
    tokens = record.usage.prompt_tokens + record.usage.completion_tokens
    cost = f", about {record.cost.usd:.6f} USD" if record.cost else ""
    return f"{record.model or 'not asked'}; {tokens:,} tokens{cost}"


def _status(status: str) -> Text:
    return Text(status, style=_COLOURS.get(status, "red"))


def summary(results: Sequence[Result]) -> str:
    """Return the number of pictures by outcome, and the cost."""
    counts: dict[str, int] = {}
    for result in results:
        counts[result.status] = counts.get(result.status, 0) + 1
    ends = ", ".join(f"{count} {status}" for status, count in counts.items())
    records = [result.record for result in results if result.record and result.record.usage.calls]
    costs = [record.cost.usd for record in records if record.cost]
    if records and not costs:
        return f"{ends}; the model has no list price"
    return f"{ends}; about {sum(costs):.6f} USD"
