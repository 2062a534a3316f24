"""`describer settings` and `describer completion`: what can be set, and how a shell completes what is typed."""

from collections.abc import Iterator
from enum import Enum

import click
from click.shell_completion import get_completion_class
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from rich.table import Table
from rich.text import Text

from describer.domain.by_prefix import ByPrefix
from describer.entrypoints.cli import help_text, tables
from describer.entrypoints.cli.results import line
from describer.settings import Settings

_COMPLETES = "_DESCRIBER_COMPLETE"
"""The variable by which the library's scripts ask this program what may come next."""


@click.command("settings", short_help="List all settings.", epilog=help_text.SETTINGS_EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each setting.")
def settings_(*, as_json: bool) -> None:
    """Lists all settings: the name, the default, what it is, and what is expected."""
    if as_json:
        for row in rows():
            click.echo(line(dict(zip(("name", "default", "about", "expected"), row, strict=True))))
        return
    table = Table.grid(padding=(0, 2, 1, 0))
    table.add_column(style="bold", overflow="fold")
    for _ in range(3):
        table.add_column(overflow="fold")
    for row in rows():
        table.add_row(*(Text(cell) for cell in row))
    tables.show(table)


@click.command(short_help="Print a script for completion by Tab.", epilog=help_text.COMPLETION_EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Prints a script by which SHELL completes commands, options and files."""
    script = get_completion_class(shell)
    if script is None:
        raise AssertionError("unreachable: the library has all three")
    click.echo(script(context.find_root().command, {}, "describer", _COMPLETES).source())


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield each setting: its name, its default as it would be written, what it is, and what is expected."""
    for field in Settings.model_fields.values():
        extra = field.json_schema_extra
        expected = str(extra["expected"]) if isinstance(extra, dict) else ""
        yield str(field.alias), _default(field.default), str(field.description), expected


def _default(value: object) -> str:
    match value:
        case None | "" | () | SecretStr():
            return ""
        case ByPrefix(default):
            return _default(default)
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case tuple():
            return ",".join(value)
        case _:
            return "required" if value is PydanticUndefined or value is ... else str(value)
