"""Processes each queue message to an end: its function succeeds, or the message goes to the dead-letter queue.

The Functions host would move a failing message to a poison queue and delete it there after seven days, read or not. So
host.json sets no limit on receives, and the app counts them itself.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from describer.domain import bugs
from describer.domain.errors import NotNow
from describer.pipeline.messages import Unreadable
from describer.pipeline.ports import Queue

DEAD_LETTERED: Final = "message.dead_lettered"
UNFINISHED: Final = "message.unfinished"
UNEXPECTED: Final = "message.unexpected"
MAX_RECEIVES: Final = 5
"""Maximum number of tries of a message on which the app itself fails. Between tries the host waits for
`visibilityTimeout` of host.json, or ten minutes if the queue's name ends in `-poison`.
"""

_log = logging.getLogger(__name__)


class Message(Protocol):
    """A message as the Functions host passes it."""

    @property
    def dequeue_count(self) -> int | None:
        """The number of receives, including this one."""

    def get_body(self) -> bytes:
        """Return its text in UTF-8."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Runs every queue-triggered function.

    Args:
        dead_letters: `dead-letter-queue`, whose messages never expire; only people read them.
    """

    dead_letters: Queue

    async def take(self, queue: str, message: Message, work: Callable[[], Awaitable[None]]) -> None:
        """Await `work`, which handles one message of `queue`.

        The host deletes the message if this returns, and delivers it again if this raises.

        Raises:
            NotNow: storage accepts neither the outcome nor a message for a later try.
            Exception: a bug, before the last receive.
        """
        body, received = message.get_body(), message.dequeue_count or 1
        facts = {"queue": queue, "received": received}
        try:
            await work()
        except Unreadable as error:
            await self._dead_letter(body, facts, str(error))
        except NotNow as fault:
            _log.error(UNFINISHED, extra=facts | {"reason": fault.message})
            raise
        except Exception as error:
            _log.error(UNEXPECTED, extra=facts | bugs.facts(error))
            if received < MAX_RECEIVES:
                raise
            await self._dead_letter(body, facts, f"the app failed over it {received} times ({type(error).__name__})")

    async def _dead_letter(self, body: bytes, facts: dict[str, object], reason: str) -> None:
        await self.dead_letters.send(body.decode("utf-8", "backslashreplace"), delay=0)
        _log.error(DEAD_LETTERED, extra=facts | {"reason": reason})
