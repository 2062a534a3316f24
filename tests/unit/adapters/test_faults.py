"""The table of what errors mean: each row of Azure's and OpenAI's references, and those of other servers."""

import pytest

from describer.adapters.chat.faults import TABLE, Meaning, meaning

MESSAGES = "messages.[0].content.[1]"
ROWS = [
    (400, "content_filter", "prompt", Meaning.FILTERED),
    (400, "content_policy_violation", "", Meaning.FILTERED),
    (403, "content_filter", "", Meaning.FILTERED),
    (400, "invalid_image_format", "", Meaning.UNSUPPORTED),
    (400, "image_too_small", "", Meaning.UNSUPPORTED),
    (400, "image_parse_error", "", Meaning.CORRUPT),
    (400, "image_too_large", "", Meaning.TOO_LARGE),
    (413, "", "", Meaning.TOO_LARGE),
    (408, "", "", Meaning.PASSING),
    (409, "", "", Meaning.PASSING),
    (429, "RateLimitReached", "", Meaning.PASSING),
    (429, "insufficient_quota", "", Meaning.INSTALLATION),
    (500, "server_error", "", Meaning.SERVER_FAULT),
    (502, "", "", Meaning.PASSING),
    (503, "", "", Meaning.PASSING),
    (529, "overloaded_error", "", Meaning.PASSING),
    (501, "", "", Meaning.INSTALLATION),
    (401, "PermissionDenied", "", Meaning.INSTALLATION),
    (401, "", "", Meaning.INSTALLATION),
    (402, "", "", Meaning.INSTALLATION),
    (403, "Forbidden", "", Meaning.INSTALLATION),
    (403, "", "", Meaning.BLOCKED),
    (403, "403", "", Meaning.BLOCKED),
    (424, "", "", Meaning.BLOCKED),
    (451, "", "", Meaning.BLOCKED),
    (404, "DeploymentNotFound", "", Meaning.INSTALLATION),
    (404, "", "", Meaning.INSTALLATION),
    (405, "", "", Meaning.INSTALLATION),
    (400, "unsupported_parameter", "max_tokens", Meaning.INSTALLATION),
    (400, "", "max_completion_tokens", Meaning.INSTALLATION),
    (400, "", f"{MESSAGES}.type", Meaning.INSTALLATION),
    (400, "invalid_value", f"{MESSAGES}.image_url.detail", Meaning.INSTALLATION),
    (400, "invalid_value", f"{MESSAGES}.image_url.url", Meaning.DECLINED),
    (400, "context_length_exceeded", "messages", Meaning.DECLINED),
    (400, "", "", Meaning.DECLINED),
    (422, "", "", Meaning.DECLINED),
]


@pytest.mark.parametrize(("status", "code", "param", "expected"), ROWS)
def test_an_error_means_what_its_row_says(status: int, code: str, param: str, expected: Meaning) -> None:
    assert meaning(status, code, param) is expected


def test_every_meaning_has_a_row_and_every_row_an_example() -> None:
    fitting = [next(row for row in TABLE if row.fits(status, code, param)) for status, code, param, _ in ROWS]
    assert {row.meaning for row in TABLE} == {*Meaning}
    assert {id(row) for row in fitting} == {id(row) for row in TABLE}


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_has_a_meaning(status: int) -> None:
    assert meaning(status) in Meaning
