"""What is logged of calls, and what never is."""

import logging
from typing import Any

import pytest

from describer.domain.errors import DescriberError, Misconfigured, Transient
from tests.api.conftest import Api
from tests.unit.conftest import CAT

ID = "6f1812906cfe2f586f1812906cfe2f58"
BLOB: dict[str, Any] = {"images": [{"blob": {"container": CAT.container, "name": CAT.name}}], "context": "Aunt Agatha"}


def _facts(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.message == event]


async def test_a_call_is_logged_by_its_route_and_id(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await api.client.get(f"/api/descriptions/images/{CAT.name}", headers={"x-request-id": ID})
    (facts,) = _facts(caplog, "http.answered")
    assert (facts["request_id"], facts["method"], facts["status"]) == (ID, "GET", 404)
    assert CAT.name not in facts["route"] and "{name" in facts["route"]


@pytest.mark.parametrize(
    ("fault", "level"), [(Transient("it changed", quoting=CAT.name), "WARNING"), (Misconfigured("no role"), "ERROR")]
)
@pytest.mark.parametrize("number", [1, 2])
async def test_a_fault_of_the_installation_is_logged_with_the_reason(
    api: Api, caplog: pytest.LogCaptureFixture, fault: DescriberError, level: str, number: int
) -> None:
    api.harness.images.fails_with = fault
    response = await api.client.post("/api/describe", json=BLOB | {"images": BLOB["images"] * number})
    logged = _facts(caplog, "http.deferred")
    assert [facts["levelname"] for facts in logged] == [level] * number
    for facts in logged:
        assert (facts["request_id"], facts["reason"]) == (response.headers["x-request-id"], fault.message)
        assert facts["picture_1"] == CAT
        assert "cat.jpg" not in facts["reason"] + str(facts["picture_1"])


async def test_a_bug_is_logged_by_its_class_and_line_only(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    async def bug() -> None:
        raise ZeroDivisionError("Aunt Agatha")

    api.harness.model.meanwhile = bug
    await api.client.post("/api/describe", json=BLOB)
    (facts,) = _facts(caplog, "http.failed")
    assert facts["error"] == "ZeroDivisionError"
    assert "test_access_log.py" in facts["where"]
    assert "Agatha" not in caplog.text


async def test_only_watched_pictures_and_known_methods_are_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """An unknown container or method may be any word of a caller's."""
    caplog.set_level(logging.INFO)
    api.harness.images.fails_with = Transient("it changed")
    secret = {"blob": {"container": "agatha", "name": "x.jpg"}}
    await api.client.post("/api/describe", json=BLOB | {"images": [secret, *BLOB["images"]], "prompt": "Who?"})
    await api.client.request("AGATHA", "/api/describe")
    logged = [vars(record) for record in caplog.records if record.name.startswith("describer")]
    assert "agatha" not in str(logged).lower()
    assert _facts(caplog, "http.answered")[-1]["method"] == "other"
