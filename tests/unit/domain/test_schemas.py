"""The published schemas: what the app writes fits them, and the schemas of every release before."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings

from describer.domain.image_blob import StoredRecord
from describer.domain.record import Record
from describer.pipeline.outcome_event import OutcomeEvent
from tests import compatibility, generated
from tests.records import records

RELEASED = Path(__file__).parents[2] / "released"
RECORDS = [generated.ROOT / "docs" / "record.schema.json", *sorted(RELEASED.glob("*/record.schema.json"))]
EVENTS = [generated.ROOT / "docs" / "event.schema.json", *sorted(RELEASED.glob("*/event.schema.json"))]
VALIDATORS = {path: jsonschema_rs.validator_for(path.read_text(encoding="utf-8")) for path in RECORDS + EVENTS}


NEWEST = max(RELEASED.iterdir(), key=lambda folder: tuple(map(int, folder.name.split("."))))


def _read(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _event(record: Record) -> OutcomeEvent:
    return OutcomeEvent.of(StoredRecord(record, '"0x8D"'), "https://acc.blob.core.windows.net")


@pytest.mark.long
@given(records)
@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_the_app_writes_fits_the_schemas_of_this_and_of_every_release(record: Record) -> None:
    written = record.to_json()
    sidecar, event = json.loads(written), _event(record).model_dump(mode="json")
    for path in RECORDS:
        VALIDATORS[path].validate(sidecar)
    for path in EVENTS:
        VALIDATORS[path].validate(event)
    assert Record.from_json(written).to_json() == written


@pytest.mark.parametrize("released", RECORDS[1:] + EVENTS[1:], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_readers_by_every_released_schema_can_read_the_current_one(released: Path) -> None:
    broken = compatibility.breaks(_read(released), _read(RECORDS[0].with_name(released.name)))
    assert not broken, "readers of this release break: a new major version (docs/adr/0040-versions-of-the-interface.md)"


@pytest.mark.parametrize("name", ["record.schema.json", "event.schema.json"])
def test_a_schema_that_is_another_has_a_release_of_its_own(name: str) -> None:
    """Only titles and descriptions may change without one."""
    released, now = _read(NEWEST / name), _read(RECORDS[0].with_name(name))
    assert _plain(now) == _plain(released), (
        f"copy docs/{name} into a new folder of tests/released, next to {NEWEST.name}"
    )


def _plain(node: Any, *, names: bool = False) -> Any:
    """Return a schema without its texts for people; the keys of `properties` and `definitions` are names."""
    match node:
        case dict():
            told = frozenset() if names else {"title", "description", "examples"}
            inside = {"properties", "definitions"}
            return {
                key: _plain(value, names=key in inside and not names) for key, value in node.items() if key not in told
            }
        case list():
            return [_plain(each) for each in node]
        case _:
            return node


def _definition(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema["definitions"][name]
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told["properties"].pop("alt_text"), ["/alt_text is gone"]),
        (lambda told: told["required"].remove("alt_text"), ["/alt_text may be absent"]),
        (lambda told: told["properties"]["edited"].update(type="string"), ["/edited is string, not boolean"]),
        (lambda told: told["properties"]["status"].update(type=["string", "null"]), ["/status may be null"]),
        (lambda told: told["properties"]["tags"]["items"].update(type="object"), ["/tags[] is object, not string"]),
        (lambda told: told["properties"]["at"].pop("format"), ["/at: format is another"]),
        (lambda told: told["properties"]["schema_version"].update(minimum=0), ["/schema_version: minimum is another"]),
        (lambda told: _definition(told, "Cost")["properties"].pop("usd"), ["/cost/usd is gone"]),
        (
            lambda told: _definition(told, "Translation").update(type="string"),
            ["/translations/* is string, not object"],
        ),
    ],
)
def test_a_change_that_breaks_readers_is_found(change: Callable[[Any], object], said: list[str]) -> None:
    released, newer = _read(RECORDS[1]), _read(RECORDS[1])
    change(newer)
    assert compatibility.breaks(released, newer) == said
    assert _plain(newer) != _plain(released)


def test_another_value_of_a_closed_enum_breaks_readers() -> None:
    released = {"type": "object", "properties": {"kind": {"enum": ["a"]}}, "additionalProperties": False}
    newer = deepcopy(released)
    newer["properties"]["kind"]["enum"].append("b")  # type: ignore[index]
    newer["properties"]["more"] = {}  # type: ignore[index]
    assert compatibility.breaks(released, newer) == ["/kind may have another value", " may have further properties"]


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["properties"].update(new={"type": "string"}),
        lambda told: told["required"].append("new"),
        lambda told: told["definitions"].update(New={"type": "object"}),
    ],
)
def test_an_addition_breaks_no_reader_but_has_to_be_released(change: Callable[[Any], object]) -> None:
    released, newer = _read(RECORDS[1]), _read(RECORDS[1])
    change(newer)
    assert compatibility.breaks(released, newer) == []
    assert _plain(newer) != _plain(released)


@pytest.mark.parametrize("path", RECORDS + EVENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_schema_is_one_of_draft_2020_12_and_every_reference_resolves_without_defs(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$defs" not in schema
    for reference in _references(schema):
        assert reference.removeprefix("#/definitions/") in schema["definitions"]


@pytest.mark.parametrize("schema", [generated.record_schema, generated.event_schema])
def test_a_generated_schema_refers_to_definitions(schema: Callable[[], str]) -> None:
    found = _references(json.loads(schema()))
    assert found
    assert all(reference.startswith("#/definitions/") for reference in found)


def _references(node: Any) -> list[str]:
    match node:
        case {"$ref": str(reference)}:
            return [reference]
        case dict():
            return [found for each in node.values() for found in _references(each)]
        case list():
            return [found for each in node for found in _references(each)]
        case _:
            return []


@pytest.mark.parametrize("path", [generated.ROOT / "docs" / "event.schema.json"])
@pytest.mark.parametrize(
    "change",
    [
        {"specversion": None},
        {"specversion": "0.3"},
        {"id": ""},
        {"source": ""},
        {"type": ""},
        {"Capital": "no attribute's name"},
        {"with_underscore": "none either"},
        {"extension": {"an": "object"}},
        {"time": 7},
    ],
    ids=str,
)
def test_what_is_no_cloud_event_does_not_fit(path: Path, change: dict[str, Any], record: Record) -> None:
    event = _event(record).model_dump(mode="json")
    VALIDATORS[path].validate(event | {"traceparent": "00-1-1-00", "partition": 7, "sampled": True})
    spoilt = {name: value for name, value in (event | change).items() if value is not None}
    assert not VALIDATORS[path].is_valid(spoilt)


@pytest.fixture
def record() -> Record:
    source = {"container": "images", "name": "a.jpg", "etag": '"1"', "size": 3_221_225_472}
    fields = {"status": "too_large", "language": "en", "source": source, "fingerprint": "f", "at": "2026-11-28T21:43Z"}
    return Record.model_validate(fields)


def test_a_record_has_one_form_of_dates(record: Record) -> None:
    told = json.loads(record.after(record.model_copy(update={"alt_text": "A cat."}).earlier('"1"')).to_json())
    assert [told["at"], told["history"][0]["at"]] == ["2026-11-28T21:43:00Z"] * 2
    assert _event(record).model_dump(mode="json")["time"].endswith("Z")
