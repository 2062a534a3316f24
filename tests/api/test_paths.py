"""A record is found by its picture's name, whatever stands in it, and a path counts as the platform takes it."""

import json
from typing import Any
from urllib.parse import quote

import azure.functions as func
import pytest

from describer.domain.image_ref import ImageRef
from describer.entrypoints.http.paths import as_routed, decoded_once
from describer.entrypoints.http.urls import in_utf8
from local.host.templates import decode_path, encode_path, parse
from tests.api.conftest import Api
from tests.api.test_describe import _problem

TEMPLATE = parse("descriptions/{container}/{*name}", "api")
NAMES = [
    "100%41.jpg",
    "100%25.jpg",
    "my%20photo.jpg",
    "my photo.jpg",
    "ü +#?&.jpg",
    "a/b/c.jpg",
    "line\nbreak.jpg",
    "%.jpg",
    "100%FF.jpg",
    "é %C3.jpg",
]
ENCODED_WHOLE = "x%2Fy.jpg"


async def _asked(api: Api, raw: str, method: str = "GET", body: bytes = b"", **headers: str) -> func.HttpResponse:
    """Return function_app's answer to a call, given the path that the host passes."""
    decoded = decode_path(raw)
    parameters = TEMPLATE.match(decoded)
    assert parameters is not None
    request = func.HttpRequest(
        method=method,
        url=in_utf8(f"http://app{encode_path(decoded)}"),
        headers=headers,
        route_params=parameters,
        body=body,
    )
    handler = func.AsgiMiddleware(decoded_once(api.app, request.route_params))  # type: ignore[no-untyped-call]
    response: func.HttpResponse = await handler.handle_async(request, None)
    return response


async def _stored(api: Api, name: str) -> bytes:
    ref = ImageRef("images", name)
    api.harness.images.put(ref, name.encode())
    await api.harness.describe(ref)
    return api.harness.records.stored[ref].record.to_json()


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_in_a_path_is_decoded_once(api: Api, name: str) -> None:
    record = await _stored(api, name)
    answer = await _asked(api, f"/api/descriptions/images/{quote(name)}")
    assert (answer.status_code, answer.get_body()) == (200, record)
    changed = await _asked(
        api,
        f"/api/descriptions/images/{quote(name)}",
        "PUT",
        b'{"review": "approved"}',
        **{"if-match": "*", "content-type": "application/json"},
    )
    assert changed.status_code == 200, changed.get_body()


async def test_a_path_that_is_not_utf_8_names_no_record(api: Api) -> None:
    answer = await _asked(api, "/api/descriptions/images/caf%E9.jpg")
    body = json.loads(answer.get_body())
    assert (answer.status_code, body["detail"]) == (404, "There is no record of this blob.")


async def test_a_slash_may_be_encoded_as_generated_clients_do(api: Api) -> None:
    record = await _stored(api, "x/y.jpg")
    answer = await _asked(api, "/api/descriptions/images/x%2Fy.jpg")
    assert (answer.status_code, answer.get_body()) == (200, record)


@pytest.mark.parametrize("name", [*NAMES, ENCODED_WHOLE])
async def test_a_query_can_say_every_name(api: Api, name: str) -> None:
    record = await _stored(api, name)
    place = {"container": "images", "name": name}
    response = await api.client.get("/api/description", params=place)
    assert (response.status_code, response.content) == (200, record)
    headers = {"if-match": response.headers["etag"]}
    changed = await api.client.put("/api/description", params=place, json={"review": "approved"}, headers=headers)
    assert changed.json()["review"] == "approved"


async def test_a_query_with_anything_else_is_refused(api: Api) -> None:
    response = await api.client.get("/api/description?container=images&name=a.jpg&version=2")
    assert "they are container, name" in _problem(response, 422, "invalid")["detail"]


@pytest.mark.parametrize(
    ("path", "routed"),
    [
        ("/api/Describe", "/api/describe"),
        ("/api/describe/", "/api/describe"),
        ("/API/HEALTH/", "/api/health"),
        ("/api/Descriptions", "/api/descriptions"),
        ("/api/descriptions/", "/api/descriptions"),
        ("/api/DESCRIPTIONS/images/A/b.JPG", "/api/descriptions/images/A/b.JPG"),
        ("/api/descriptions/images/folder/", "/api/descriptions/images/folder/"),
    ],
)
def test_a_path_counts_as_the_platform_takes_it(path: str, routed: str) -> None:
    assert as_routed(path) == routed


async def test_case_and_a_last_slash_do_not_count(api: Api) -> None:
    for path in ("/api/HEALTH", "/api/health/", "/Api/Descriptions"):
        assert (await api.client.get(path)).status_code == 200
    answer: Any = await api.client.post("/api/Describe/", content=b"cat", headers={"content-type": "image/jpeg"})
    assert answer.json()["status"] == "described"
