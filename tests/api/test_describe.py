"""POST /api/describe: pictures in three kinds of bodies, descriptions and free answers in three forms."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from describer.domain.errors import (
    Corrupt,
    DescriberError,
    FetchFailed,
    Filtered,
    Misconfigured,
    NoUsableAnswer,
    TooLarge,
    Transient,
    Unsupported,
    UrlFault,
)
from describer.domain.record import Usage
from describer.domain.status import Status
from describer.pipeline.memory_budget import MIN_RESERVATION
from describer.vision.answer import Ending, FreeAnswer
from tests.api.conftest import Api
from tests.fakes import answer
from tests.unit.conftest import CAT
from tests.unit.entrypoints.test_on_demand import URL

JPEG = {"content-type": "image/jpeg"}
BASE64 = base64.b64encode(b"cat").decode()
BLOB = {"blob": {"container": CAT.container, "name": CAT.name}}


def _problem(response: Any, status: int, name: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:image-describer:problem:{name}"
    assert (body["status"], body["request_id"]) == (status, response.headers["x-request-id"])
    assert body["detail"] and body["advice"]
    assert "Traceback" not in response.text
    return body


async def test_a_picture_is_described(api: Api) -> None:
    response = await api.client.post("/api/describe", content=b"cat", headers=JPEG)
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["alt_text"], body["language"]) == ("described", "A cat on a sofa.", "en")
    assert body["usage"] == {**Usage().model_dump(), "prompt_tokens": 1072, "completion_tokens": 90, "calls": 1}
    assert body["record"] is None
    assert api.setup.untouched and api.setup.memory.held == 0


async def test_the_record_comes_with_it_on_request(api: Api) -> None:
    response = await api.client.post("/api/describe?include=record", content=b"cat", headers=JPEG)
    assert response.json()["record"]["fingerprint"]


@pytest.mark.parametrize("path", ["/api/describe", "/api/describe/picture"])
async def test_a_picture_is_recognized_by_its_bytes_without_a_content_type(api: Api, path: str) -> None:
    response = await api.client.post(path, content=b"cat", headers={"content-type": "application/octet-stream"})
    assert (response.json()["kind"], response.json()["status"]) == ("description", "described")


async def test_a_path_for_one_kind_of_body_takes_no_other(api: Api) -> None:
    picture = await api.client.post("/api/describe/form", content=b"cat", headers=JPEG)
    assert "expected multipart/form-data" in _problem(picture, 415, "unsupported-media-type")["detail"]
    named = await api.client.post("/api/describe/picture", json={"images": [BLOB]})
    assert "expected image/*" in _problem(named, 415, "unsupported-media-type")["detail"]


async def test_the_form_of_its_own_path_has_all_options_in_it(api: Api) -> None:
    files = [("images", ("a.jpg", b"cat", "image/jpeg"))]
    response = await api.client.post("/api/describe/form", files=files, data={"languages": ["en", "de"]})
    assert response.json()["language"] == "en"
    assert "BCP 47: en, de" in str(api.harness.model.asked[0].instructions)  # type: ignore[union-attr]
    refused = await api.client.post("/api/describe/form?languages=de", files=files)
    assert "there are none" in _problem(refused, 422, "invalid")["detail"]


@pytest.mark.parametrize("path", ["/api/describe", "/api/describe/picture", "/api/describe/form"])
async def test_a_body_that_the_platform_lost_gets_another_error_than_an_empty_one(api: Api, path: str) -> None:
    """The Functions host drops what comes in chunks."""
    for content_type in ("image/jpeg", "application/json", "multipart/form-data; boundary=x"):
        headers = {"content-type": content_type, "transfer-encoding": "chunked"}
        body = _problem(await api.client.post(path, headers=headers, content=_nothing()), 411, "length-required")
        assert "Content-Length" in body["advice"]
    assert api.harness.model.calls == []


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


async def test_a_body_in_chunks_that_arrives_is_taken(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"c"
        yield b"at"

    response = await api.client.post("/api/describe/picture", content=chunks(), headers=JPEG)
    assert "content-length" not in response.request.headers
    assert response.json()["status"] == "described"


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate"])
async def test_a_compressed_body_is_refused_by_its_coding(api: Api, coding: str) -> None:
    for headers in (JPEG, {"content-type": "application/json"}):
        response = await api.client.post(
            "/api/describe", content=b"cat", headers=headers | {"content-encoding": coding}
        )
        assert coding in _problem(response, 415, "unsupported-media-type")["detail"]
        assert response.headers["accept-encoding"] == "identity"


async def test_json_with_a_byte_order_mark_is_read(api: Api) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"images": [{"base64": BASE64}]}).encode()
    response = await api.client.post("/api/describe", content=body, headers={"content-type": "application/json"})
    assert response.json()["status"] == "described"


async def test_languages_may_be_one_list_with_commas(api: Api) -> None:
    await api.client.post("/api/describe?languages=de,%20en&languages=fr", content=b"cat", headers=JPEG)
    assert "(BCP 47: de, en, fr)" in str(api.harness.model.asked[0].instructions)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/api/describe", {"languages": ["German!"]}, "languages[0]: Not a BCP 47 tag of registered parts"),
        ("POST", "/api/describe", {"prompt": "  "}, "prompt: It has blanks only; ask a question, or leave it out."),
        ("PUT", "/api/descriptions/images/a.jpg", {"texts": {"German!": {}}}, "Not a BCP 47 tag of registered parts"),
        ("GET", "/api/descriptions?prefix=a%0Ab", None, "prefix: It has a control character."),
        ("GET", "/api/backfills/last", None, "backfill_id: Neither the id of a backfill"),
    ],
)
async def test_no_problem_is_a_regular_expression(
    api: Api, method: str, path: str, body: dict[str, Any] | None, said: str
) -> None:
    given = None if body is None else {"images": [{"base64": "Y2F0"}], **body} if method == "POST" else body
    response = await api.client.request(method, path, json=given, headers={"if-match": "*"})
    assert said in (detail := _problem(response, 422, "invalid")["detail"])
    assert "pattern" not in detail


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/api/describe", {"json": {"image": "x"}}),
        ("/api/describe", {"json": {"images": ["https://x"], "detail": "best"}}),
        ("/api/describe", {"json": {"images": [{"base64": "?"}]}}),
        ("/api/describe", {"json": {"images": [BLOB], "keyword": ["x"] * 101}}),
        ("/api/describe?colour=red", {"content": b"cat", "headers": JPEG}),
        ("/api/describe", {"files": {"image": ("a.jpg", b"cat")}}),
        ("/api/describe", {"files": {"images": (None, b"cat")}}),
        ("/api/describe", {"files": {"colour": (None, b"red")}}),
        ("/api/describe", {"files": {"prompt": (None, b"What?")}}),
        ("/api/describe", {"files": [("images", ("a.jpg", b"cat"))] * 11}),
    ],
)
async def test_each_error_of_a_field_is_a_sentence(api: Api, path: str, given: dict[str, Any]) -> None:
    problem = _problem(await api.client.post(path, **given), 422, "invalid")
    messages = [error["message"] for error in problem["errors"]]
    assert messages and all(message[0].isupper() and message.endswith(".") for message in messages)
    assert not any(message.endswith("..") for message in messages)


async def test_too_many_pictures_are_one_kind_of_problem_in_every_body(api: Api) -> None:
    files = [("images", (f"{number}.jpg", b"cat", "image/jpeg")) for number in range(11)]
    for path in ("/api/describe", "/api/describe/form"):
        assert "at most 10" in _problem(await api.client.post(path, files=files), 422, "invalid")["detail"]
    _problem(await api.client.post("/api/describe", json={"images": [BLOB] * 11}), 422, "invalid")


async def test_no_browser_takes_an_answer_for_anything_else(api: Api) -> None:
    for path in ("/api/health", "/api/openapi.json", "/api/nothing"):
        assert (await api.client.get(path)).headers["x-content-type-options"] == "nosniff"


async def test_a_text_that_comes_alone_holds_nothing_that_a_terminal_obeys(api: Api) -> None:
    api.harness.model.script = [answer("A \x1b[31mred\x1b[0m cat\x9b2J on a sofa.")]
    response = await api.client.post("/api/describe", content=b"cat", headers=JPEG | {"accept": "text/plain"})
    assert response.status_code == 200, response.text
    assert not {"\x1b", "\x9b"} & {*response.text}


async def test_options_in_the_query_reach_the_model(api: Api) -> None:
    query = "languages=de&languages=en&context=Tom&detail=low&max_chars=80&max_tokens=300&max_image_tokens=200"
    query += "&profile=product&model=gpt-5.6-sol"
    response = await api.client.post(f"/api/describe?{query}", content=b"cat", headers=JPEG)
    assert response.json()["language"] == "de"
    (brief,) = api.harness.model.asked
    assert (brief.model, brief.detail, brief.max_completion_tokens, brief.context) == ("gpt-5.6-sol", "low", 300, "Tom")
    assert brief.max_image_tokens == 200


@pytest.mark.parametrize(
    "image",
    [{"url": URL}, {"base64": BASE64}, BLOB, {"kind": "url", "url": URL}, {"kind": "blob"} | BLOB],
    ids=["url", "base64", "blob", "url by kind", "blob by kind"],
)
async def test_json_names_pictures_in_three_ways(api: Api, image: dict[str, Any]) -> None:
    response = await api.client.post("/api/describe", json={"images": [image], "context": "Tom"})
    assert response.json()["alt_text"] == "A cat on a sofa."
    assert api.harness.model.asked[0].context == "Tom"


async def test_a_form_has_files_and_options(api: Api) -> None:
    files = [("images", ("a.jpg", b"cat", "image/jpeg")), ("images", ("b.jpg", b"dog", "image/jpeg"))]
    data = {"languages": ["en", "de"], "max_tokens": "300"}
    response = await api.client.post("/api/describe", files=files, data=data)
    assert [result["status"] for result in response.json()["results"]] == ["described", "described"]
    assert "(BCP 47: en, de)" in api.harness.model.asked[0].instructions  # type: ignore[union-attr]


async def test_each_of_several_pictures_has_its_status(api: Api) -> None:
    api.harness.preparer.refuses = Corrupt("No.")
    api.harness.images.tag(CAT, alt_text="My cat Tom")
    absent = {"blob": {"container": "images", "name": "absent.jpg"}}
    response = await api.client.post("/api/describe", json={"images": [{"base64": BASE64}, BLOB, absent]})
    assert response.status_code == 200
    assert response.json()["kind"] == "descriptions"
    first, second, third = response.json()["results"]
    assert [result["kind"] for result in (first, second, third)] == ["description", "description", "problem"]
    assert (first["status"], second["status"]) == ("corrupt", "kept")
    assert (third["status"], third["problem"]["status"]) == ("unavailable", 404)


@pytest.mark.parametrize(
    "refusal", [Filtered("F."), Unsupported("U."), Corrupt("C."), TooLarge("T."), NoUsableAnswer("A.")], ids=str
)
async def test_a_lone_picture_without_a_description_is_a_problem(api: Api, refusal: DescriberError) -> None:
    api.harness.preparer.refuses = refusal
    status = str(refusal.status)  # type: ignore[attr-defined]
    body = _problem(
        await api.client.post("/api/describe", content=b"cat", headers=JPEG), 422, f"picture-{status.replace('_', '-')}"
    )
    assert (body["outcome"], body["detail"]) == (status, str(refusal))


async def test_what_needs_a_review_comes_with_its_flags(api: Api) -> None:
    api.harness.model.script = [answer("I can't describe it.")]
    response = await api.client.post("/api/describe", content=b"cat", headers=JPEG)
    assert (response.status_code, response.json()["status"], response.json()["flags"]) == (
        200, "needs_review", ["refusal"],
    )  # fmt: skip


async def test_the_alt_text_alone(api: Api) -> None:
    headers = JPEG | {"accept": "text/plain"}
    response = await api.client.post("/api/describe", content=b"cat", headers=headers)
    assert (response.text, response.headers["content-type"]) == ("A cat on a sofa.", "text/plain; charset=utf-8")
    api.harness.images.tag(CAT, alt_text="My cat Tom")
    response = await api.client.post("/api/describe", json={"images": [BLOB]}, headers={"accept": "text/plain"})
    assert response.text == "My cat Tom"
    api.harness.model.script = [answer("I can't describe it.")]
    body = _problem(await api.client.post("/api/describe", content=b"dog", headers=headers), 422, "needs-review")
    assert (body["outcome"], body["flags"]) == ("needs_review", ["refusal"])


async def test_several_alt_texts_are_no_plain_text(api: Api) -> None:
    images = {"images": [BLOB, BLOB]}
    _problem(
        await api.client.post("/api/describe", json=images, headers={"accept": "text/plain"}), 406, "not-acceptable"
    )


async def test_writing_stores_the_record(api: Api) -> None:
    response = await api.client.post("/api/describe", json={"images": [BLOB], "write": True})
    assert response.json()["status"] == "described"
    assert api.harness.records.stored[CAT].record.status is Status.DESCRIBED
    assert api.harness.metadata()["alt_text"] == "A cat on a sofa."


async def test_a_question_gets_one_answer_about_all_pictures(api: Api) -> None:
    ask = {"images": [{"base64": BASE64}, {"url": URL}], "prompt": "Same cat?", "max_tokens": 300}
    response = await api.client.post("/api/describe", json=ask)
    assert response.json() == {
        "kind": "answer",
        "answer": "A cat sleeps.",
        "ending": "complete",
        "model": "gpt-5.6-luna-2026-07-09",
        "usage": {**Usage().model_dump(), "prompt_tokens": 900, "completion_tokens": 5, "calls": 1},
    }
    assert len(api.harness.model.calls) == 2
    response = await api.client.post("/api/describe", json=ask, headers={"accept": "text/plain"})
    assert response.text == "A cat sleeps."
    api.harness.model.script = [FreeAnswer("A", "luna", Usage(), Ending.CUT_OFF)]
    _problem(await api.client.post("/api/describe", json=ask, headers={"accept": "text/plain"}), 422, "needs-review")


async def test_no_answer_pretends_to_stream(api: Api) -> None:
    ask = {"images": [{"base64": BASE64}], "prompt": "What?"}
    response = await api.client.post("/api/describe", json=ask, headers={"accept": "text/event-stream"})
    _problem(response, 406, "not-acceptable")
    assert api.harness.model.calls == []
    assert api.setup.memory.held == 0


@pytest.mark.parametrize("accept", ["application/xml", "text/plain;q=0", "image/*"])
async def test_other_forms_are_not_to_be_had(api: Api, accept: str) -> None:
    response = await api.client.post("/api/describe", content=b"cat", headers=JPEG | {"accept": accept})
    _problem(response, 406, "not-acceptable")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/plain; charset=utf-8"),
        ("text/plain;q=0.5, application/json;q=0.4", "text/plain; charset=utf-8"),
        ("text/plain;q=0.5, */*", "application/json"),
        ("application/json;q=nan, text/plain;q=0.1", "text/plain; charset=utf-8"),
    ],
)
async def test_the_form_that_is_liked_best_is_given(api: Api, accept: str, content_type: str) -> None:
    response = await api.client.post("/api/describe", content=b"cat", headers=JPEG | {"accept": accept})
    assert response.headers["content-type"] == content_type


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        ({}, "images"),
        ({"images": []}, "images"),
        ({"images": [BLOB] * 11}, "images"),
        ({"images": [{}]}, "images[0]"),
        ({"images": [BLOB, {"url": "https://a.example/", "base64": "YQ=="}]}, "images[1]"),
        ({"images": ["https://a.example/"]}, "images[0]"),
        ({"images": [{"url": 1}]}, "images[0].url"),
        ({"images": [{"blob": {"container": "images"}}]}, "images[0].blob.name"),
        ({"images": [BLOB, {"base64": "YQ"}]}, "images[1].base64"),
        ({"images": [{"base64": "Y Q=="}]}, "images[0].base64"),
        ({"images": [{"base64": "ü==="}]}, "images[0].base64"),
        ({"images": [BLOB], "promt": "What?"}, "promt"),
        ({"images": [BLOB], "prompt": ""}, "prompt"),
        ({"images": [BLOB], "prompt": " "}, "prompt"),
        ({"images": [BLOB], "prompt": "What?", "write": True}, "write"),
        ({"images": [BLOB], "prompt": "What?", "max_chars": 100}, "max_chars"),
        ({"images": [BLOB], "languages": ["english"]}, "languages[0]"),
        ({"images": [BLOB], "max_chars": "100"}, "max_chars"),
        ({"images": [BLOB], "max_tokens": 15}, "max_tokens"),
        ({"images": [BLOB], "detail": "auto"}, "detail"),
        ({"images": [BLOB], "model": "gpt-4o"}, "model"),
        ({"images": [BLOB], "profile": "poem"}, "profile"),
        ({"images": [BLOB], "write": "yes"}, "write"),
        ({"images": [{"base64": BASE64}], "write": True}, "write"),
        ({"images": [BLOB], "include": "all"}, "include"),
    ],
)
async def test_a_faulty_field_is_named(api: Api, ask: dict[str, Any], field: str) -> None:
    body = _problem(await api.client.post("/api/describe", json=ask), 422, "invalid")
    assert [fault["field"] for fault in body["errors"]] == [field]
    assert body["errors"][0]["message"]


@pytest.mark.parametrize(
    "faults",
    [{f"k{number}": 1 for number in range(5000)}, {"k" * 100_000: 1}],
    ids=["many", "long"],
)
async def test_an_answer_does_not_grow_with_the_faults_of_a_body(api: Api, faults: dict[str, int]) -> None:
    response = await api.client.post("/api/describe", json={"images": [BLOB]} | faults)
    assert _problem(response, 422, "invalid")["errors"]
    assert len(response.content) < 2000


async def test_a_faulty_option_of_the_query_is_named(api: Api) -> None:
    response = await api.client.post("/api/describe?max_chars=many", content=b"cat", headers=JPEG)
    assert _problem(response, 422, "invalid")["errors"][0]["field"] == "max_chars"


@pytest.mark.parametrize(
    ("files", "data", "field"),
    [
        ([("image", ("a.jpg", b"cat", "image/jpeg"))], {}, "image"),
        ([("images", ("a.jpg", b"cat", "image/jpeg"))], {"promt": "What?"}, "promt"),
        ([("images", ("a.jpg", b"cat", "image/jpeg"))], {"max_tokens": "many"}, "max_tokens"),
        ([("images", (None, b"cat", "image/jpeg"))], {}, "images"),
    ],
)
async def test_a_faulty_part_of_a_form_is_named(api: Api, files: Any, data: dict[str, str], field: str) -> None:
    body = _problem(await api.client.post("/api/describe", files=files, data=data), 422, "invalid")
    assert body["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b"", "application/json"),
        (b"nothing", "multipart/form-data"),
        (b"nothing", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na\r\n--x--\r\n',
            "multipart/form-data; boundary=x; charset=undefined",
        ),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_bad_request(api: Api, content: bytes, content_type: str) -> None:
    response = await api.client.post("/api/describe", content=content, headers={"content-type": content_type})
    _problem(response, 400, "bad-request")


async def test_what_may_be_meant_is_said(api: Api) -> None:
    """What old PowerShell and a form without a file name send."""
    body = json.dumps({"images": [{"url": URL}]}).encode("utf-16")
    wide = await api.client.post("/api/describe", content=body, headers={"content-type": "application/json"})
    assert "UTF-16" in _problem(wide, 400, "bad-request")["detail"]
    nameless = await api.client.post("/api/describe", files=[("images", (None, b"cat", "image/jpeg"))])
    assert "no filename" in _problem(nameless, 422, "invalid")["detail"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_type_of_body_is_not_read(api: Api, content_type: str) -> None:
    response = await api.client.post("/api/describe", content=b"cat", headers={"content-type": content_type})
    _problem(response, 415, "unsupported-media-type")


async def test_a_faulty_url_says_why(api: Api) -> None:
    api.setup.web.fails_with = FetchFailed("The host is not public.", code=UrlFault.HOST)
    body = _problem(await api.client.post("/api/describe", json={"images": [{"url": URL}]}), 422, "unfetchable")
    assert body["code"] == "url_host"


async def test_a_blob_elsewhere_is_off_limits(api: Api) -> None:
    ask = {"images": [{"blob": {"container": "secrets", "name": "a.jpg"}}]}
    _problem(await api.client.post("/api/describe", json=ask), 403, "off-limits")


@pytest.mark.parametrize(
    ("fault", "name", "seconds"),
    [
        (Transient("the model is busy", retry_after=7.2), "unavailable", "8"),
        (Transient("the model is away"), "unavailable", "30"),
        (Misconfigured("the secret deployment is missing"), "misconfigured", "30"),
    ],
)
async def test_what_cannot_be_done_now_says_when(api: Api, fault: DescriberError, name: str, seconds: str) -> None:
    api.harness.model.script = [fault]
    response = await api.client.post("/api/describe", content=b"cat", headers=JPEG)
    assert "secret" not in _problem(response, 503, name)["detail"]
    assert response.headers["retry-after"] == seconds


async def test_a_bug_is_a_problem_with_an_id_and_no_trace(api: Api) -> None:
    async def bug() -> None:
        raise ZeroDivisionError("a secret")

    api.harness.model.meanwhile = bug
    body = _problem(await api.client.post("/api/describe", content=b"cat", headers=JPEG), 500, "internal")
    assert "secret" not in json.dumps(body)


async def test_a_body_over_the_limit_is_refused(api: Api) -> None:
    _problem(await api.client.post("/api/describe", content=b"x" * 1001, headers=JPEG), 413, "too-large")
    assert api.harness.model.calls == []


async def test_a_body_of_untold_length_is_bounded_while_it_comes(api: Api) -> None:
    async def drip() -> Any:
        for _ in range(11):
            yield b"x" * 100

    _problem(await api.client.post("/api/describe", content=drip(), headers=JPEG), 413, "too-large")
    assert api.setup.memory.held == 0


async def test_a_call_without_free_memory_gets_retry_after(api: Api) -> None:
    with api.setup.memory.try_reserve(4 * MIN_RESERVATION):
        response = await api.client.post("/api/describe", content=b"cat", headers=JPEG)
    _problem(response, 429, "busy")
    assert int(response.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-request-id": "6f181290-6CFE-2f58-6f18-12906cfe2f58"}, "6f181290-6CFE-2f58-6f18-12906cfe2f58"),
        ({"x-request-id": "6f1812906cfe2f586f1812906cfe2f58"}, "6f1812906cfe2f586f1812906cfe2f58"),
        ({"x-request-id": "aunt-agatha"}, None),
        (
            {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
            "0af7651916cd43dd8448eb211c80319c",
        ),
        ({"x-request-id": "no spaces allowed"}, None),
        ({"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}, None),
        ({}, None),
    ],
)
async def test_every_answer_has_the_calls_id(api: Api, headers: dict[str, str], expected: str | None) -> None:
    for path in ("/api/health", "/api/nothing"):
        found = (await api.client.get(path, headers=headers)).headers["x-request-id"]
        assert found == expected if expected else len(found) == 32


async def test_calls_do_not_wait_for_each_other(api: Api) -> None:
    together = asyncio.Barrier(4)
    api.harness.model.meanwhile = together.wait  # type: ignore[assignment]
    calls = [api.client.post("/api/describe", content=b"cat %d" % number, headers=JPEG) for number in range(4)]
    async with asyncio.timeout(5):
        assert {response.status_code for response in await asyncio.gather(*calls)} == {200}


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/describe"), ("GET", "/api/descriptions")])
async def test_a_misspelt_query_option_is_refused_like_a_field_of_json(api: Api, method: str, path: str) -> None:
    body = {"content": b"cat", "headers": {"content-type": "image/jpeg"}} if method == "POST" else {}
    response = await api.client.request(method, f"{path}?language=de&Code=x", **body)  # type: ignore[arg-type]
    assert response.status_code == 422
    assert {error["field"] for error in response.json()["errors"]} == {"language", "Code"}
    assert "languages" in response.text or "prefix" in response.text
    assert api.harness.model.calls == []


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/describe"), ("GET", "/api/descriptions")])
async def test_the_hosts_own_query_options_are_ignored(api: Api, method: str, path: str) -> None:
    body = {"content": b"cat", "headers": {"content-type": "image/jpeg"}} if method == "POST" else {}
    response = await api.client.request(method, f"{path}?code=key&clientId=default", **body)  # type: ignore[arg-type]
    assert response.status_code == 200
