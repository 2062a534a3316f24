"""Events are a picture's way in, in whatever schema they come."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.domain.errors import InvalidName
from describer.domain.image_ref import ImageRef
from describer.domain.record import Usage
from describer.pipeline.events import Work
from describer.pipeline.messages import Unreadable
from describer.pipeline.work_log import age

SUBJECT = "/blobServices/default/containers/images/blobs/a/b c#ü.jpg"


def _is_a_name(text: str) -> bool:
    return not {".", ".."} & {*text.replace("\\", "/").split("/")}


@given(st.text(min_size=1, max_size=1024).filter(_is_a_name))
def test_any_name_survives_a_message(name: str) -> None:
    work = Work.first(ImageRef("images", name)).next_attempt(Usage(), counts_as_attempt=True)
    work = work.next_attempt(Usage(calls=1), counts_as_attempt=False)
    assert Work.from_message(work.to_message().encode()) == [work]
    assert (work.attempts, work.deferrals) == (1, 2)


@pytest.mark.parametrize(
    "event",
    [
        {"eventType": "Microsoft.Storage.BlobCreated", "subject": SUBJECT, "eventTime": "2026-11-23T08:00:00.1234567Z"},
        {
            "specversion": "1.0",
            "type": "Microsoft.Storage.BlobCreated",
            "subject": SUBJECT,
            "time": "2026-11-23T08:00:00Z",
        },
    ],
)
def test_both_schemas_of_event_grid_are_read(event: dict[str, str]) -> None:
    (work,) = Work.from_message(json.dumps(event).encode())
    assert work.ref == ImageRef("images", "a/b c#ü.jpg")
    assert (work.attempts, work.first_seen.year) == (0, 2026)


def test_numbers_that_come_as_text_are_read() -> None:
    """As CloudEvents' own libraries write extension attributes, of a message that was put back by a person."""
    told = {"subject": SUBJECT, "attempts": "1", "deferrals": "12", "interruptions": 0, "again": "true"}
    (work,) = Work.from_message(json.dumps(told).encode())
    assert (work.attempts, work.deferrals, work.interruptions, work.again) == (1, 12, 0, True)


@pytest.mark.parametrize("time", [None, 5, "yesterday", "2026-11-23T08:00:00"])
def test_a_faulty_time_keeps_no_picture_from_its_turn(time: object) -> None:
    (work,) = Work.from_message(json.dumps({"subject": SUBJECT, "time": time}).encode())
    assert age(work) >= 0


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("[]", "not an object"),
        ("{}", "not an event"),
        ('{"subject": 3}', "not an event"),
        ('{"subject": "/somewhere"}', "does not name a blob"),
        ('{"subject": "/containers/images/blobs/"}', "does not name a blob"),
        (json.dumps({"subject": SUBJECT, "attempts": -1}), "attempts is not a whole number"),
        (json.dumps({"subject": SUBJECT, "attempts": "two"}), "attempts is not a whole number"),
        (json.dumps({"subject": SUBJECT, "attempts": "-2"}), "attempts is not a whole number"),
        (json.dumps({"subject": SUBJECT, "attempts": "²"}), "attempts is not a whole number"),
        (json.dumps({"subject": SUBJECT, "attempts": "1" * 5000}), "attempts is not a whole number"),
        ("not json", "not JSON"),
    ],
)
def test_anything_else_is_said_to_be_none(message: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        Work.from_message(message.encode())


@pytest.mark.parametrize(
    "address",
    ["https://a.dfs.core.windows.net/images/old%20name.jpg", "https://a.blob.core.windows.net/images/old%20name.jpg"],
)
def test_a_rename_speaks_of_both_names(address: str) -> None:
    event = {
        "eventType": "Microsoft.Storage.BlobRenamed",
        "subject": SUBJECT,
        "eventTime": "2026-11-23T08:00:00Z",
        "data": {"sourceUrl": address, "destinationUrl": "https://a.blob.core.windows.net/images/a/b%20c%23%C3%BC.jpg"},
    }
    names = [work.ref.name for work in Work.from_message(json.dumps(event).encode())]
    assert names == ["a/b c#ü.jpg", "old name.jpg"]


def test_an_address_without_a_blob_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="does not name a blob"):
        ImageRef.from_url("https://a.blob.core.windows.net/images")


@pytest.mark.parametrize("name", ["old#1.jpg", "old?.jpg", "/old.jpg", "old%41.jpg"])
def test_an_address_names_the_whole_blob(name: str) -> None:
    assert ImageRef.from_url(f"https://a.blob.core.windows.net/images/{name.replace('%', '%25')}").name == name


@given(st.text(alphabet="./\\a", min_size=1, max_size=12))
def test_a_reference_has_the_name_that_storage_opens(name: str) -> None:
    """Storage reads a backslash as a slash; HTTP clients resolve dots; nothing else changes."""
    opened = name.replace("\\", "/")
    if _is_a_name(name):
        assert ImageRef("images", name).name == opened
    else:
        with pytest.raises(InvalidName, match="a segment of it is"):
            ImageRef("images", name)


def test_a_name_is_unicode_text() -> None:
    with pytest.raises(InvalidName, match="not Unicode text"):
        ImageRef("images", "a\ud800.jpg")
    with pytest.raises(ValueError, match="is not JSON"):
        Work.from_message(b'{"subject": "/containers/images/blobs/a\\ud800.jpg"}')


def test_what_is_not_in_storage_is_called_as_its_caller_calls_it() -> None:
    assert ImageRef("", "C:\\pictures\\..\\cat.jpg").name == "C:\\pictures\\..\\cat.jpg"
