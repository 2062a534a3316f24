"""The MCP tool: JSON for whatever becomes of a picture, and sentences for what goes wrong."""

import json
from typing import Any

import pytest

from describer.errors import Busy, Corrupt, DescriberError, Misconfigured, Transient, Unfetchable, UrlFault
from describer.mcp import TOLD, DescribeImage
from tests.unit.conftest import CAT, House
from tests.unit.test_ondemand import URL, Desk

BLOB = f"{CAT.container}/{CAT.name}"


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


async def told(desk: Desk, **arguments: object) -> dict[str, Any]:
    text = await DescribeImage(desk.ondemand).call(arguments)
    result: dict[str, Any] = json.loads(text)
    return result


@pytest.mark.parametrize("arguments", [{"url": URL}, {"blob": BLOB}, {"blob": BLOB, "url": None, "language": ""}])
async def test_a_picture_is_described_and_nothing_is_stored(desk: Desk, arguments: dict[str, object]) -> None:
    result = await told(desk, **arguments)
    assert tuple(sorted(result)) == tuple(sorted(TOLD))
    assert (result["status"], result["alt_text"]) == ("described", "A cat on a sofa.")
    assert desk.untouched


async def test_the_language_and_what_is_known_reach_the_model(desk: Desk) -> None:
    result = await told(desk, url=URL, language="de", about="Our cat Tom")
    assert result["language"] == "de"
    (brief,) = desk.house.model.asked
    assert brief.context == "Our cat Tom"


async def test_what_is_wrong_with_a_picture_is_its_status(desk: Desk) -> None:
    desk.web.fails_with = Corrupt("the picture cannot be decoded")
    result = await told(desk, url=URL)
    assert (result["status"], result["alt_text"], result["reason"]) == ("corrupt", "", "the picture cannot be decoded")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "Give either url or blob, and not both."),
        ({"url": URL, "blob": BLOB}, "Give either url or blob, and not both."),
        ({"blob": "cat.jpg"}, "'cat.jpg' is no blob; give the container and the name, such as images/cat.jpg."),
        ({"blob": "secrets/cat.jpg"}, "secrets/cat.jpg is off limits: "),
        ({"blob": "images/absent.jpg"}, "There is no blob images/absent.jpg."),
        ({"url": URL, "language": "klingon!"}, "'klingon!' is not a BCP 47 tag"),
        ({"url": 7, "blob": ["x"]}, "url has to be a text. blob has to be a text."),
    ],
)
async def test_what_the_agent_is_at_fault_for_is_a_sentence(
    desk: Desk, arguments: dict[str, object], said: str
) -> None:
    result = await told(desk, **arguments)
    assert result.keys() == {"error"}
    assert result["error"].startswith(said)
    assert result["error"].endswith(".")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Unfetchable("nothing can be had", code=UrlFault.HOST), {"error": "nothing can be had."}),
        (Busy("no room", retry_after=4.2), {"error": "no room.", "retry_after_seconds": 5}),
        (Transient("the model is busy"), {"error": "the model is busy."}),
    ],
)
async def test_what_may_be_tried_again_says_when(
    desk: Desk, error: DescriberError, expected: dict[str, object]
) -> None:
    desk.web.fails_with = error
    assert await told(desk, url=URL) == expected


async def test_what_is_wrong_with_the_installation_is_not_told(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.web.fails_with = Misconfigured("the role X is missing on account Y")
    assert "account Y" not in json.dumps(await told(desk, url=URL))
    (record,) = [record for record in caplog.records if record.message == "mcp.failed"]
    assert vars(record)["reason"] == "the role X is missing on account Y"
