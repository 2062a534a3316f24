"""Generates documentation from the code: `python -m tests.generated` writes it, a test compares it."""

import json
from pathlib import Path

from pydantic import BaseModel

from describer.domain.json_schema import enums_of, readable
from describer.domain.record import Record
from describer.entrypoints.cli import settings_command
from describer.entrypoints.http.build import document
from describer.entrypoints.http.document import Document
from describer.entrypoints.http.problems import KINDS
from describer.pipeline.outcome_event import OutcomeEvent
from describer.vision import prompt
from describer.vision.quality.rules import catalogue
from tests.formats import matrix

ROOT = Path(__file__).parents[1]
PROBLEMS, END_OF_PROBLEMS = (
    "<!-- problems: generated from describer/entrypoints/http/problems.py -->",
    "<!-- end of problems -->",
)
BEGIN, END = "<!-- settings: generated from describer/settings.py -->", "<!-- end of settings -->"


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = ["| Setting | Default | What it is | Expected |", "| --- | --- | --- | --- |"]
    for name, default, about, expected in settings_command.rows():
        shown = default if default in {"", "required"} else f"`{default}`"
        rows.append(f"| `{name}` | {shown} | {about} | {_examples_as_code(expected)} |")
    return "\n".join(rows)


def _examples_as_code(expected: str) -> str:
    """What is expected, in Markdown: `*` in an example is no emphasis there, and `|` ends no cell."""
    what, such_as, examples = expected.partition("such as ")
    shown = " or ".join(f"`{example}`" for example in examples.split(" or ")) if such_as else ""
    return f"{what}{such_as}{shown}".replace("|", r"\|")


def settings() -> str:
    """docs/settings.md with the table in its place."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{settings_table()}\n{END}{rest.split(END)[1]}"


def record_schema() -> str:
    """The JSON Schema of the sidecars."""
    return _published(Record)


def event_schema() -> str:
    """The JSON Schema of what is published."""
    return _published(OutcomeEvent)


def _published(model: type[BaseModel]) -> str:
    """A schema whose references every validator and generator resolves: some know `definitions` only."""
    schema = model.model_json_schema(mode="serialization", ref_template="#/definitions/{model}")
    parts = schema.pop("$defs")
    enums = enums_of(parts, "#/definitions/")
    named = {name: part for name, part in sorted(parts.items()) if f"#/definitions/{name}" not in enums}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": model.__name__}
    whole = head | readable(schema | {"definitions": named}, enums)
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def http() -> str:
    """docs/http.md with the table of problems in its place."""
    rows = ["| Type | HTTP | What it is | What to do |", "| --- | --- | --- | --- |"]
    rows += [f"| `{name}` | {kind.status} | {kind.title} | {kind.advice} |" for name, kind in KINDS.items()]
    text = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
    before, rest = text.split(PROBLEMS)
    return f"{before}{PROBLEMS}\n{'\n'.join(rows)}\n{END_OF_PROBLEMS}{rest.split(END_OF_PROBLEMS)[1]}"


def quality() -> str:
    """docs/quality.md with the tables of profiles and rules in their places."""
    profiles = ["| Profile | What it is for |", "| --- | --- |"]
    profiles += [f"| `{name}` | {row['about']} |" for name, row in prompt.profiles().items()]
    rules = ["| Rule | What it finds | Basis | Action |", "| --- | --- | --- | --- |"]
    rules += [f"| `{info.name}` | {info.about} | {info.basis} | {info.action} |" for info in catalogue()]
    text = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    for name, source, table in (("profiles", "prompts/profiles", profiles), ("rules", "quality/rules", rules)):
        begin, end = f"<!-- {name}: generated from describer/vision/{source}.toml -->", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{'\n'.join(table)}\n{end}{rest.split(end)[1]}"
    return text


def openapi(form: Document = Document.INHERITANCE) -> str:
    """The HTTP interface in OpenAPI."""
    return json.dumps(document(form), indent=2, ensure_ascii=False) + "\n"


DOCUMENTS = {
    "openapi.json": Document.INHERITANCE,
    "openapi.oneOf.json": Document.ONE_OF,
    "swagger.json": Document.SWAGGER,
}

if __name__ == "__main__":
    for name, form in DOCUMENTS.items():
        (ROOT / "docs" / name).write_text(openapi(form), encoding="utf-8")
    (ROOT / "docs" / "http.md").write_text(http(), encoding="utf-8")
    (ROOT / "docs" / "quality.md").write_text(quality(), encoding="utf-8")
    (ROOT / "docs" / "settings.md").write_text(settings(), encoding="utf-8")
    (ROOT / "docs" / "record.schema.json").write_text(record_schema(), encoding="utf-8")
    (ROOT / "docs" / "event.schema.json").write_text(event_schema(), encoding="utf-8")
    (ROOT / "docs" / "formats.md").write_text(matrix(), encoding="utf-8")
