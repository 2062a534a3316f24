"""Each message of a queue comes to an end: that of its function, or a place where it stays until a person reads it.

The Functions host's own end for a message is a poison queue: a copy that is deleted after seven days, whoever reads it
or not. So it is never reached: host.json lets a message be received without a limit, and the app counts instead.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from describer.domain import bugs
from describer.domain.errors import Misconfigured, Transient
from describer.pipeline.messages import Unreadable
from describer.pipeline.ports import Queue

SET_ASIDE: Final = "message.set_aside"
UNFINISHED: Final = "message.unfinished"
UNEXPECTED: Final = "message.unexpected"
MAX_RECEIVES: Final = 5
"""How often a message is received over which the app itself fails. The host waits between two: `visibilityTimeout` of
host.json, or ten minutes where the queue's name ends in `-poison`."""

_log = logging.getLogger(__name__)


class Message(Protocol):
    """A message as the Functions host hands it over."""

    @property
    def dequeue_count(self) -> int | None:
        """How often it was received, this time included."""

    def get_body(self) -> bytes:
        """Its text in UTF-8."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """What every function with a queue trigger hands its messages to.

    Args:
        aside: `work-set-aside`, whose messages never expire and are read by nobody but a person.
    """

    aside: Queue

    async def take(self, queue: str, message: Message, work: Callable[[], Awaitable[None]]) -> None:
        """Await `work`, which works one message of `queue`.

        Returning ends the message. Whatever is raised leaves it on its queue, and the host brings it again.

        Raises:
            Transient, Misconfigured: storage takes neither the work's end nor a later try; for as long as that lasts.
            Exception: a fault of the app's own, before the last receive.
        """
        body, received = message.get_body(), message.dequeue_count or 1
        facts = {"queue": queue, "received": received}
        try:
            await work()
        except Unreadable as error:
            await self._put_aside(body, facts, str(error))
        except (Transient, Misconfigured) as fault:
            _log.error(UNFINISHED, extra=facts | {"reason": fault.message})
            raise
        except Exception as error:
            _log.error(UNEXPECTED, extra=facts | bugs.facts(error))
            if received < MAX_RECEIVES:
                raise
            await self._put_aside(body, facts, f"the app failed over it {received} times ({type(error).__name__})")

    async def _put_aside(self, body: bytes, facts: dict[str, object], reason: str) -> None:
        await self.aside.send(body.decode("utf-8", "backslashreplace"), delay=0)
        _log.error(SET_ASIDE, extra=facts | {"reason": reason})
