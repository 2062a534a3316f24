"""Records are read and listed, and health is reported."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from describer.domain.errors import Conflict
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.operations.health import Check
from describer.pipeline.ports import Verdict
from tests.api.conftest import Api
from tests.api.test_describe import _problem
from tests.fakes import answer
from tests.unit.conftest import BRIEF, CAT
from tests.unit.domain.test_further_languages import WORDS, said

PATH = f"/api/descriptions/{CAT.container}/{CAT.name}"


async def test_a_record_is_given_as_its_sidecar_has_it(api: Api) -> None:
    await api.harness.describe()
    response = await api.client.get(PATH)
    assert response.status_code == 200
    assert response.content == api.harness.records.stored[CAT].record.to_json()
    assert response.headers["etag"] == api.harness.records.stored[CAT].etag


async def test_a_client_with_the_current_etag_gets_304(api: Api) -> None:
    await api.harness.describe()
    etag = (await api.client.get(PATH)).headers["etag"]
    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = await api.client.get(PATH, headers={"if-none-match": header})
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)
    assert (await api.client.get(PATH, headers={"if-none-match": '"other"'})).status_code == 200


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    await api.harness.describe()
    for path in (f"{PATH}x", f"/api/descriptions/secrets/{CAT.name}", "/api/nothing"):
        _problem(await api.client.get(path), 404, "not-found")
    response = await api.client.delete(PATH)
    assert response.headers["allow"] == "GET, PUT"
    _problem(response, 405, "method-not-allowed")


async def _pages(api: Api, query: str) -> list[list[dict[str, Any]]]:
    pages, cursor = [], ""
    while True:
        page = (await api.client.get(f"/api/descriptions?{query}&cursor={cursor}")).json()
        pages.append(page["descriptions"])
        if page["cursor"] is None:
            return pages
        cursor = page["cursor"]


async def test_records_are_listed_in_pages(api: Api) -> None:
    for number in range(5):
        ref = ImageRef("images", f"cats/{number}.jpg")
        api.harness.images.put(ref, b"%d" % number)
        if number == 3:
            api.harness.model.script = [answer("I can't describe it.")]
        await api.harness.describe(ref)
    await api.harness.describe()
    names = [[entry["name"] for entry in page] for page in await _pages(api, "prefix=cats/&limit=2")]
    assert names == [["cats/0.jpg", "cats/1.jpg"], ["cats/2.jpg", "cats/3.jpg"], ["cats/4.jpg"]]
    flagged = [entry for page in await _pages(api, "status=needs_review&limit=2") for entry in page]
    assert [(entry["name"], entry["flags"]) for entry in flagged] == [("cats/3.jpg", ["refusal"])]
    assert sum(len(page) for page in await _pages(api, "container=images")) == 6


async def test_the_first_page_has_the_answers_that_lie_behind_many_others(api: Api) -> None:
    refs = [ImageRef("images", f"{number:03}.jpg") for number in range(120)]
    for ref in refs:
        api.harness.images.put(ref, ref.name.encode())
        await api.harness.describe(ref)
    await api.client.put(
        f"/api/descriptions/images/{refs[110].name}", json={"review": "rejected"}, headers={"if-match": "*"}
    )
    for query in ("status=needs_review", "review=rejected", "status=needs_review&review=rejected&prefix=11"):
        body = (await api.client.get(f"/api/descriptions?{query}")).json()
        assert [entry["name"] for entry in body["descriptions"]] == [refs[110].name]
        assert body["cursor"] is None
    assert (await api.client.get("/api/descriptions?review=approved")).json() == {"descriptions": [], "cursor": None}


async def test_records_come_as_csv_and_as_json_lines(api: Api) -> None:
    for number in range(3):
        ref = ImageRef("images", f"cats/{number}.jpg")
        api.harness.images.put(ref, b"%d" % number)
        await api.harness.describe(ref)
    query, accept, pages = "/api/descriptions?prefix=cats/&limit=2&code=secret", {"accept": "text/csv"}, []
    while query:
        page = await api.client.get(query, headers=accept)
        assert page.headers["content-type"] == "text/csv; charset=utf-8"
        pages.append(list(csv.DictReader(io.StringIO(page.text.removeprefix("\ufeff"), newline=""))))
        query = page.headers.get("link", "<>").partition(">")[0][1:]
        assert "secret" not in query
        accept = {}  # the link says it
    assert [[row["name"] for row in rows] for rows in pages] == [["cats/0.jpg", "cats/1.jpg"], ["cats/2.jpg"]]
    assert {row["alt_text:en"] for rows in pages for row in rows} == {"A cat on a sofa."}
    page = await api.client.get("/api/descriptions?format=jsonl", headers={"accept": "text/csv"})
    records = [json.loads(each) for each in page.text.splitlines()]
    stored = api.harness.records.stored[ImageRef("images", "cats/0.jpg")]
    assert records[0] == {
        "container": "images",
        "name": "cats/0.jpg",
        "etag": stored.etag.strip('"'),
        **json.loads(stored.record.model_dump_json(exclude={"history"})),
    }
    _problem(await api.client.get("/api/descriptions", headers={"accept": "image/png"}), 406, "not-acceptable")


async def test_coverage_is_reported_by_language(api: Api) -> None:
    await api.harness.describe()
    api.harness.images.put(ImageRef("images", "new.jpg"), b"new")
    body = (await api.client.get("/api/coverage")).json()
    assert body == {
        "container": "images",
        "pictures": 2,
        "without_record": 1,
        "languages": {"en": {"pictures": 1, "share": 0.5}},
        "statuses": {"described": 1},
        "not_pictures": 0,
        "excluded": 0,
        "orphans": 0,
        "drifted": 0,
    }
    assert (await api.client.get("/api/coverage?prefix=pets/")).json()["languages"]["en"]["share"] == 1.0
    _problem(await api.client.get("/api/coverage?container=secrets"), 404, "not-found")
    _problem(await api.client.get("/api/coverage?status=described"), 422, "invalid")


async def test_a_faulty_listing_is_a_problem(api: Api) -> None:
    _problem(await api.client.get("/api/descriptions?container=secrets"), 404, "not-found")
    body = _problem(await api.client.get("/api/descriptions?status=lost"), 422, "invalid")
    assert body["errors"][0]["field"] == "status"


async def test_health_asks_for_nothing(api: Api) -> None:
    response = await api.client.get("/api/health")
    assert (response.status_code, response.json()["status"]) == (200, "ok")


async def test_reading_goes_on_where_there_is_no_room(api: Api) -> None:
    await api.harness.describe()
    with api.setup.memory.try_reserve(api.setup.memory.size):
        for path in ("/api/health", PATH, "/api/descriptions"):
            assert (await api.client.get(path)).status_code == 200


async def test_an_unexpected_error_is_answered_without_a_trace(api: Api) -> None:
    api.harness.records.read = _superseded  # type: ignore[method-assign]
    _problem(await api.client.get(PATH), 500, "internal")


async def _superseded(ref: ImageRef) -> None:
    raise Conflict(f"somebody else wrote {ref.name}")


async def test_deep_health_reports_every_connection(api: Api) -> None:
    assert (await api.client.get("/api/health/deep")).json()["status"] == "ok"
    api.checks.append(Check("model", Verdict.UNKNOWN, 0.1, "It cannot be told."))
    assert (await api.client.get("/api/health/deep")).status_code == 200
    api.checks.append(Check("queue", Verdict.FAILED, 1.5, "There is none.", "Make it."))
    response = await api.client.get("/api/health/deep")
    assert (response.status_code, response.json()["status"]) == (503, "failed")
    assert response.json()["checks"][2] == {
        "name": "queue", "verdict": "failed", "seconds": 1.5, "found": "There is none.", "advice": "Make it.",
    }  # fmt: skip
    assert json.loads(response.text)


async def test_a_forged_cursor_is_refused(api: Api) -> None:
    for cursor in ("x", "ü", "AA==", "/w=="):
        body = _problem(await api.client.get("/api/descriptions", params={"cursor": cursor}), 422, "invalid")
        assert body["errors"][0]["field"] == "cursor"


async def test_records_outside_are_not_reached_by_dots(api: Api) -> None:
    await _stored(api)
    for path in ("%2E%2E/secrets/cat.jpg", "..%2Fsecrets%2Fcat.jpg", "a/..%5C..%5Csecrets/cat.jpg"):
        body = _problem(await api.client.get(f"/api/descriptions/images/{path}"), 422, "invalid")
        assert body["errors"][0]["field"] == "name"


async def _stored(api: Api) -> StoredRecord:
    await api.harness.describe()
    return api.harness.records.stored[CAT]


@pytest.mark.parametrize("write", ["false", "true"])
async def test_a_text_comes_in_the_language_that_is_asked_for_and_costs_nothing(api: Api, write: str) -> None:
    api.harness.model.script = [said("en", "de")]
    await api.harness.describe(brief=replace(BRIEF, languages=("en", "de")))
    body = {"images": [{"blob": {"container": CAT.container, "name": CAT.name}}], "write": write == "true"}
    for wanted, text in ((["de"], WORDS["de"]), (["en"], WORDS["en"]), (["de", "en"], WORDS["de"])):
        asked = body | {"languages": wanted}
        answered = await api.client.post("/api/describe", json=asked, headers={"accept": "text/plain"})
        assert (answered.status_code, answered.text) == (200, text)
        answer = (await api.client.post("/api/describe", json=asked)).json()
        assert (answer["language"], answer["alt_text"], answer["usage"]["calls"]) == (wanted[0], text, 0)
    assert len(api.harness.model.asked) == 1
