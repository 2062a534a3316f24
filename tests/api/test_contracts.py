"""The documents in a form that generators understand, and each fault that they once had is found if it comes back."""

import base64
import io
from copy import deepcopy
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV31SpecValidator
from PIL import Image

from describer.domain.image_ref import ImageRef
from describer.entrypoints.http.backfill_schemas import NewBackfill
from describer.entrypoints.http.build import document
from describer.entrypoints.http.document import Document
from describer.entrypoints.http.schemas import Ask, Change
from tests.api import contracts
from tests.api.conftest import Api
from tests.unit.conftest import CAT

RECORD = f"/api/descriptions/{CAT.container}/{CAT.name}"
FORMS = [Document.INHERITANCE, Document.ONE_OF]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_in_the_document_makes_a_generator_stumble(form: Document) -> None:
    found = document(form)
    OpenAPIV31SpecValidator(found).validate()
    assert contracts.faults(found) == []


def test_the_document_for_custom_connectors_is_valid_and_says_what_it_leaves_out() -> None:
    found = document(Document.SWAGGER)
    OpenAPIV2SpecValidator(found).validate()
    assert "forms with several files are left out" in found["info"]["description"]
    ids = {name for name, _ in contracts.operations(found)}
    assert ids == {name for name, _ in contracts.operations(document())} - {"describeForm"}


def test_nothing_of_openapi_3_is_left_in_swagger() -> None:
    found = document(Document.SWAGGER)
    names = {
        name
        for _, node in contracts.schemas(found | {"components": {"schemas": found["definitions"]}})
        for name in node
    }
    assert not names & {"oneOf", "anyOf", "discriminator", "nullable", "requestBody", "content", "const", "$defs"}
    assert "x-nullable" in names


def test_both_forms_have_the_same_operations_and_schemas() -> None:
    first, second = (document(form) for form in FORMS)
    assert first["paths"] == second["paths"]
    assert first["components"]["schemas"].keys() == second["components"]["schemas"].keys()


def _options_of_the_form_in_the_query(told: dict[str, Any]) -> None:
    operation = told["paths"]["/api/describe/form"]["post"]
    operation["parameters"] = [{"name": "languages", "in": "query", "schema": {"type": "string"}}]


def _underscores(told: dict[str, Any]) -> None:
    told["paths"]["/api/descriptions"]["get"]["operationId"] = "list_descriptions"


def _any_of_null(told: dict[str, Any]) -> None:
    told["components"]["schemas"]["Listing"]["properties"]["cursor"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _no_fixed_value(told: dict[str, Any]) -> None:
    told["components"]["schemas"]["ImageByUrl"]["properties"]["kind"] = {"type": "string"}


def _no_discriminator(told: dict[str, Any]) -> None:
    del told["components"]["schemas"]["Image"]["discriminator"]


def _narrow(told: dict[str, Any]) -> None:
    told["components"]["schemas"]["Source"]["properties"]["size"] = {"type": "integer"}


def _closed(told: dict[str, Any]) -> None:
    told["components"]["schemas"]["ProblemBody"]["properties"]["type"]["enum"] = ["urn:image-describer:problem:busy"]


def _closed_status(told: dict[str, Any]) -> None:
    told["components"]["schemas"]["StoredRecord"]["properties"]["status"]["enum"] = ["described"]


def _no_wait(told: dict[str, Any]) -> None:
    del told["paths"]["/api/health/deep"]["get"]["responses"]["503"]["headers"]["retry-after"]


def _inline(told: dict[str, Any]) -> None:
    answer = told["paths"]["/api/describe"]["post"]["responses"]["200"]["content"]["application/json"]
    answer["schema"] = {"type": "object"}


def _no_server(told: dict[str, Any]) -> None:
    del told["servers"]


def _optional(told: dict[str, Any]) -> None:
    told["components"]["schemas"]["StoredRecord"]["required"].remove("alt_text")


def _hidden_name(told: dict[str, Any]) -> None:
    told["components"]["schemas"]["Record"] = told["components"]["schemas"]["StoredRecord"]


def _default(told: dict[str, Any]) -> None:
    told["components"]["schemas"]["NewBackfill"]["properties"]["batch"]["default"] = False


@pytest.mark.parametrize(
    "break_it",
    [
        _options_of_the_form_in_the_query,
        _underscores,
        _any_of_null,
        _no_fixed_value,
        _no_discriminator,
        _narrow,
        _closed,
        _closed_status,
        _no_wait,
        _inline,
        _no_server,
        _optional,
        _hidden_name,
        _default,
    ],
)
def test_the_linter_finds_each_fault_that_the_document_once_had(break_it: Any) -> None:
    told = deepcopy(document(Document.ONE_OF))
    break_it(told)
    assert len(contracts.faults(told)) == 1


async def test_the_examples_of_requests_are_answered(api: Api) -> None:
    """The one with a picture in it has a real one."""
    by_bytes, by_url, by_blob = Ask.model_json_schema()["examples"]
    with Image.open(io.BytesIO(base64.b64decode(by_bytes["images"][0]["base64"]))) as opened:
        opened.load()
        assert len(opened.convert("RGB").getcolors() or ()) == 2
    api.setup.web.pages[by_url["images"][0]["url"]] = b"cat"
    blob = by_blob["images"][0]["blob"]
    picture = ImageRef(blob["container"], blob["name"])
    api.harness.images.put(picture, b"a stored cat")
    answers = [(await api.client.post("/api/describe", json=asked)).json() for asked in (by_bytes, by_url, by_blob)]
    assert [answer["kind"] for answer in answers] == ["answer", "description", "description"]
    assert [answers[1]["language"], *answers[1]["translations"]] == by_url["languages"]
    assert api.harness.records.stored[picture].record.alt_text == answers[2]["alt_text"]


@pytest.mark.parametrize("change", Change.model_json_schema()["examples"], ids=str)
async def test_the_example_of_a_correction_is_stored_as_it_says(api: Api, change: dict[str, Any]) -> None:
    await api.harness.describe()
    answer = await api.client.put(RECORD, json=change, headers={"if-match": "*"})
    assert answer.status_code == 200
    stored = answer.json()
    assert {name: stored[name] for name in change.keys() - {"texts"}} == _without(change, "texts")
    for language, texts in change.get("texts", {}).items():
        written = stored if language == stored["language"] else stored["translations"][language]
        assert {name: written[name] for name in texts} == texts


@pytest.mark.parametrize("asked", NewBackfill.model_json_schema()["examples"], ids=str)
async def test_the_example_of_a_backfill_begins_it(api: Api, asked: dict[str, Any]) -> None:
    answer = await api.client.post("/api/backfills", json=asked)
    assert answer.status_code == 202
    begun = await api.backfills.backfiller.find(answer.json()["id"])
    assert begun.dry_run == asked.get("dry_run", True)
    options = {name: getattr(begun.options, name) for name in asked.keys() - {"dry_run"}}
    assert options | {"only": [*begun.options.only]} == {"only": ["missing"]} | _without(asked, "dry_run")


def test_every_body_with_examples_has_a_test() -> None:
    bodies = document()["components"]["schemas"]
    assert {name for name, schema in bodies.items() if "examples" in schema} == {"Ask", "Change", "NewBackfill"}


def _without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}
