"""The published schemas: what the app writes fits them, and the schemas of every release before."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings

from describer.domain.image_blob import StoredRecord
from describer.domain.record import Record
from describer.pipeline.outcome_event import OutcomeEvent
from tests import generated
from tests.records import records

RELEASED = Path(__file__).parents[2] / "released"
RECORDS = [generated.ROOT / "docs" / "record.schema.json", *sorted(RELEASED.glob("*/record.schema.json"))]
EVENTS = [generated.ROOT / "docs" / "event.schema.json", *sorted(RELEASED.glob("*/event.schema.json"))]
VALIDATORS = {path: jsonschema_rs.validator_for(path.read_text(encoding="utf-8")) for path in RECORDS + EVENTS}


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
