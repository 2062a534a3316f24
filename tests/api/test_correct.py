"""People correct what is stored: PUT, only if the record is the one that they read."""

import pytest

from tests.api.conftest import Api
from tests.api.test_describe import _problem
from tests.unit.conftest import CAT

PATH = f"/api/descriptions/{CAT.container}/{CAT.name}"
TOM = {"texts": {"EN": {"alt_text": "Tom, asleep."}}}


async def _etag(api: Api) -> str:
    await api.harness.describe()
    return str((await api.client.get(PATH)).headers["etag"])


async def test_a_text_is_corrected_and_the_new_record_given(api: Api) -> None:
    etag = await _etag(api)
    response = await api.client.put(PATH, json=TOM, headers={"if-match": f'"other", {etag}'})
    assert (response.status_code, response.json()["alt_text"]) == (200, "Tom, asleep.")
    assert response.json()["provenance"]["alt_text"]["origin"] == "human"
    read = await api.client.get(PATH)
    assert (read.content, read.headers["etag"]) == (response.content, response.headers["etag"])
    assert response.headers["etag"] != etag


async def test_a_change_of_an_earlier_version_gets_both_versions_facts(api: Api) -> None:
    etag = await _etag(api)
    assert (await api.client.put(PATH, json=TOM, headers={"if-match": "*"})).status_code == 200
    for header in (etag, f"W/{etag}"):
        body = _problem(
            await api.client.put(PATH, json={"review": "approved"}, headers={"if-match": header}), 412, "outdated"
        )
        assert body["current"]["alt_text"] == "Tom, asleep."
    body = (await api.client.put(PATH, json={"review": "approved"}, headers={"if-match": etag})).json()
    assert (body["given"]["etag"], body["given"]["alt_text"]) == (etag, "A cat on a sofa.")


async def test_without_if_match_nothing_is_changed(api: Api) -> None:
    await _etag(api)
    _problem(await api.client.put(PATH, json=TOM), 428, "precondition-required")
    assert api.harness.records.stored[CAT].record.alt_text == "A cat on a sofa."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "texts"),
        ({"texts": {"xx-nobody": {"alt_text": "x"}}}, "texts"),
        ({"texts": {"en": {"alt_text": "x"}, "EN": {"alt_text": "y"}}}, "texts"),
        ({"texts": {"en": {"alt_text": "x" * 8001}}}, "texts.en.alt_text"),
        ({"review": "edited"}, "review"),
        ({"is_decorative": "true"}, "is_decorative"),
        ({"undo": 3}, "undo"),
        ({"alt_text": "x"}, "alt_text"),
    ],
)
async def test_a_faulty_change_is_refused_by_its_field(api: Api, body: dict[str, object], field: str) -> None:
    await _etag(api)
    problem = _problem(await api.client.put(PATH, json=body, headers={"if-match": "*"}), 422, "invalid")
    assert problem["errors"][0]["field"].endswith(field)


async def test_what_is_not_stored_is_not_found(api: Api) -> None:
    _problem(await api.client.put(PATH, json=TOM, headers={"if-match": "*"}), 404, "not-found")


async def test_reviewed_by_is_kept_only_with_the_setting(api: Api) -> None:
    await _etag(api)
    body = TOM | {"reviewed_by": "staff-7"}
    problem = _problem(await api.client.put(PATH, json=body, headers={"if-match": "*"}), 422, "invalid")
    assert problem["errors"][0]["field"] == "reviewed_by"
    api.harness.keeps_reviewers = True
    record = (await api.client.put(PATH, json=body, headers={"if-match": "*"})).json()
    assert record["provenance"]["alt_text"]["reviewed_by"] == "staff-7"
