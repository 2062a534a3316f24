"""What the Functions host gave up on after five tries comes to an end: worked, recorded or put aside, never dropped.

- An upload that the host's blob trigger could not start goes to `image-work`: the picture was not even looked at.
- Work that came to no end in five tries, as where the app is killed over it, is recorded as `failed`.
- A message that names no picture of ours is put aside as it is, on a queue that nothing reads but a person.

Nothing goes round in circles: an upload becomes work once, work becomes a record, and what is put aside stays there.
"""

import json
import logging
from dataclasses import dataclass, field
from typing import Final

from describer.backoff import Backoff
from describer.brief import Brief
from describer.errors import Misconfigured, Transient
from describer.events import ImageRef, Work
from describer.journal import Journal, LogJournal
from describer.ports import Line, Queue

SET_ASIDE: Final = "work.set_aside"
RETURNED: Final = "work.returned"
_UPLOADS: Final = ".describe_on_upload"
"""How the host's name of the blob trigger's function ends: `Host.Functions.describe_on_upload`."""
_WHY: Final = "The Functions host tried five times, and the app came to no end with it, as when it runs out of memory."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Poison:
    """Reads both poison queues.

    Args:
        line: where pictures are given up.
        brief: what was asked of them.
        container: the one that the blob trigger watches. Other apps may keep their poison in the same account.
        work: `image-work`.
        again: `image-work-poison` itself, for what cannot be recorded now.
        aside: where messages stay until a person has read them.
        backoff: how long a record waits that cannot be written.
        journal: hears how pictures end.
    """

    line: Line
    brief: Brief
    container: str
    work: Queue
    again: Queue
    aside: Queue
    backoff: Backoff
    journal: Journal = field(default_factory=LogJournal)

    async def of_uploads(self, message: bytes) -> None:
        """A message of `webjobs-blobtrigger-poison`, in the blob trigger's own shape."""
        try:
            work = Work.first(self._upload(message))
        except ValueError:
            await self._put_aside(message, "it is no upload that this app's blob trigger was told of")
            return
        await self.work.send(work.to_message(), delay=0)
        _log.warning(RETURNED, extra={"picture": work.ref})

    async def of_work(self, message: bytes) -> None:
        """A message of `image-work-poison`."""
        try:
            works = Work.from_message(message)
        except ValueError:
            await self._put_aside(message, "it names no picture")
            return
        for work in works:
            await self._give_up(work)

    async def _give_up(self, work: Work) -> None:
        try:
            self.journal.done(work, await self.line.give_up(work.ref, self.brief, _WHY))
        except (Transient, Misconfigured) as fault:
            later = work.again(blames_picture=False)
            delay = self.backoff.delay(later.deferrals, fault)
            await self.again.send(later.to_message(), delay=delay)
            self.journal.deferred(later, fault, delay)

    def _upload(self, message: bytes) -> ImageRef:
        match json.loads(message):
            case {"FunctionId": str(function), "ContainerName": str(container), "BlobName": str(name)} if (
                function.endswith(_UPLOADS) and container == self.container and name
            ):
                return ImageRef(container, name)
            case _:
                raise ValueError("not an upload of ours")

    async def _put_aside(self, message: bytes, why: str) -> None:
        await self.aside.send(message.decode("utf-8", "backslashreplace"), delay=0)
        _log.error(SET_ASIDE, extra={"reason": why})
