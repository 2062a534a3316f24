"""No message is left to the host's poison queues, whatever happens to it; and none ends unnoticed."""

from dataclasses import dataclass

import pytest

from describer.domain.errors import DescriberError, Misconfigured, Transient
from describer.entrypoints.storage_events.inbox import DEAD_LETTERED, MAX_RECEIVES, UNEXPECTED, UNFINISHED, Inbox
from describer.pipeline.messages import Unreadable
from tests.fakes import FakeQueue

QUEUE = "image-work"
TEXT = 'as it lay there: "ü" <&>'


@dataclass
class Received:
    """A message as the host hands it over."""

    dequeue_count: int | None = 1
    text: str = TEXT

    def get_body(self) -> bytes:
        return self.text.encode()


async def _taken(dead_letters: FakeQueue, fault: Exception | None = None, received: int | None = 1) -> None:
    async def work() -> None:
        if fault:
            raise fault

    await Inbox(dead_letters).take(QUEUE, Received(received), work)


def _logged(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, object]]:
    return [vars(record) for record in caplog.records if record.message == event and record.levelname == "ERROR"]


async def test_what_ends_well_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    dead_letters = FakeQueue()
    await _taken(dead_letters)
    assert not dead_letters.sent
    assert not caplog.records


@pytest.mark.parametrize("received", [1, None, 900])
async def test_what_is_unreadable_becomes_a_dead_letter(caplog: pytest.LogCaptureFixture, received: int | None) -> None:
    dead_letters = FakeQueue()
    await _taken(dead_letters, Unreadable("it names no picture"), received)
    assert dead_letters.sent == [(TEXT, 0)]
    (logged,) = _logged(caplog, DEAD_LETTERED)
    assert (logged["queue"], logged["reason"]) == (QUEUE, "it names no picture")


async def test_a_fault_of_the_apps_own_is_tried_again_and_a_dead_letter_in_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dead_letters = FakeQueue()
    for received in range(1, MAX_RECEIVES):
        with pytest.raises(ZeroDivisionError):
            await _taken(dead_letters, ZeroDivisionError("bug"), received)
        assert not dead_letters.sent
    await _taken(dead_letters, ZeroDivisionError("bug"), MAX_RECEIVES)
    assert dead_letters.sent == [(TEXT, 0)]
    assert [logged["received"] for logged in _logged(caplog, UNEXPECTED)] == [*range(1, MAX_RECEIVES + 1)]
    (logged,) = _logged(caplog, DEAD_LETTERED)
    assert logged["reason"] == f"the app failed over it {MAX_RECEIVES} times (ZeroDivisionError)"


@pytest.mark.parametrize("fault", [Transient("503"), Misconfigured("lacks a role")])
@pytest.mark.parametrize("received", [1, MAX_RECEIVES, 10_000])
async def test_what_storage_does_not_take_stays_on_its_queue_for_as_long_as_that_lasts(
    caplog: pytest.LogCaptureFixture, fault: DescriberError, received: int
) -> None:
    dead_letters = FakeQueue()
    with pytest.raises(type(fault)):
        await _taken(dead_letters, fault, received)
    assert not dead_letters.sent
    assert [logged["reason"] for logged in _logged(caplog, UNFINISHED)] == [str(fault)]


async def test_what_cannot_become_a_dead_letter_stays_on_its_queue(caplog: pytest.LogCaptureFixture) -> None:
    class Down(FakeQueue):
        async def send(self, message: str, *, delay: float) -> None:
            raise Transient("503")

    with pytest.raises(Transient):
        await _taken(Down(), Unreadable("it names no picture"))
    assert not _logged(caplog, DEAD_LETTERED)
