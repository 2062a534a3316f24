"""Whether a gateway blocks one picture or all of them.

A 403, 424 or 451 that names no cause of the model's own says neither: a content check in front of the model may have
stopped this picture, or a firewall, a missing role, a broken backend stops every one. What other pictures meet at the
same time tells them apart. If there are none, a harmless picture is sent in their place. As long as that one is stopped
too, nothing is held against any picture.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from describer.adapters.chat.faults import Blocked
from describer.domain.errors import DescriberError, ImageRejected, Misconfigured, Transient

PROBE: Final = "probe"
"""In the place of a picture's digest."""
_KEPT: Final = 1000
_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class _Outcome:
    picture: str
    at: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Gateway:
    """Remembers what the last pictures of this process met.

    Args:
        last: how many outcomes of other pictures are looked at; 0: a harmless picture is asked about each time.
        window: seconds after which an outcome says nothing any more.
        max_attempts: how often one picture may be asked about.
        pause: seconds between two tries at a picture.
        clock: seconds that only grow.
    """

    last: int = 20
    window: float = 60.0
    max_attempts: int = 5
    pause: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _outcomes: deque[_Outcome] = field(default_factory=lambda: deque(maxlen=_KEPT), init=False)
    _probing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def passed[T](
        self, picture: str, ask: Callable[[], Awaitable[T]], probe: Callable[[], Awaitable[object]]
    ) -> T:
        """Ask about a picture, and once more if it alone is blocked.

        Args:
            picture: its digest.
            ask: sends the request.
            probe: sends the same for a harmless picture.

        Raises:
            ImageRejected: the gateway blocks this picture, and answers for others.
            Misconfigured: it blocks the others as well.
            Transient: the harmless picture met another fault, so that nothing can be told.
        """
        tries = min(_TRIES, self.max_attempts)
        for tried in range(1, tries + 1):
            sent = self.clock()
            try:
                answer = await ask()
            except Blocked as block:
                self._note(picture, answered=False)
                if not await self._answers_others(picture, sent, probe):
                    raise
                if tried == tries:
                    raise block.of_one_picture() from block
                await asyncio.sleep(self.pause)
            else:
                self._note(picture, answered=True)
                return answer
        raise AssertionError("unreachable: the last try returns or raises")

    async def _answers_others(self, picture: str, sent: float, probe: Callable[[], Awaitable[object]]) -> bool:
        """Whether others were answered while this picture was not."""
        async with self._probing:
            known = self._known(picture, sent)
            return await self._probed(probe) if known is None else known

    def _known(self, picture: str, sent: float) -> bool | None:
        """What the last outcomes of other pictures say; None if they say nothing.

        An answer from before this picture was sent does not count: the role may have been taken away since.
        """
        since = self.clock() - self.window
        others = [each for each in self._outcomes if each.picture != picture and each.at >= since]
        others = others[-self.last :] if self.last else []
        if any(each.answered and each.at >= sent for each in others):
            return True
        probes = [at for at, each in enumerate(others) if each.picture == PROBE]
        stopped = probes and not any(each.answered for each in others[probes[-1] :])
        return False if stopped else None

    async def _probed(self, probe: Callable[[], Awaitable[object]]) -> bool:
        try:
            await probe()
        except ImageRejected:  # the model's service itself judged it, so that the gateway let it through
            pass
        except Misconfigured:
            self._note(PROBE, answered=False)
            return False
        except DescriberError as fault:
            wait = fault.retry_after if isinstance(fault, Transient) else None
            sentence = "the model's server blocked the picture, and a harmless one could not be asked about"
            raise Transient(sentence, retry_after=wait) from fault
        self._note(PROBE, answered=True)
        return True

    def _note(self, picture: str, *, answered: bool) -> None:
        self._outcomes.append(_Outcome(picture, self.clock(), answered))
