"""Decides whether a gateway blocks one picture or all pictures.

A 403, 424 or 451 without a code of the model's service leaves both possible: a content check blocks this picture, or a
firewall, a missing role or a broken backend blocks every picture. The recent outcomes of other pictures decide. If
there are none, a harmless picture is sent. While that one is blocked too, no picture is blamed.
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
"""The id of the harmless picture, in place of a picture's digest."""
_KEPT: Final = 1000
_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class _Outcome:
    picture: str
    at: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Gateway:
    """The recent outcomes of this process's pictures.

    Args:
        last: number of other pictures' outcomes to consider; 0: send a harmless picture each time.
        window: seconds for which an outcome is considered.
        max_attempts: calls for one picture.
        pause: seconds between two calls for a picture.
        clock: a monotonic clock, in seconds.
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
        """Call `ask`, and once more if only this picture is blocked.

        Args:
            picture: its digest.
            ask: sends the request.
            probe: sends the same request with a harmless picture.

        Raises:
            ImageRejected: the gateway blocks this picture and lets others through.
            Misconfigured: it blocks the others too.
            Transient: the harmless picture failed for another reason, so the cause remains unknown.
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
                    raise block.as_rejection() from block
                await asyncio.sleep(self.pause)
            else:
                self._note(picture, answered=True)
                return answer
        raise AssertionError("unreachable: the last try returns or raises")

    async def _answers_others(self, picture: str, sent: float, probe: Callable[[], Awaitable[object]]) -> bool:
        """Return whether other pictures were answered while this one was not."""
        async with self._probing:
            known = self._known(picture, sent)
            return await self._probed(probe) if known is None else known

    def _known(self, picture: str, sent: float) -> bool | None:
        """Return what the recent outcomes of other pictures show, or None if they show nothing.

        Answers from before this picture was sent do not count: a role may have been removed since.
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
        except ImageRejected:  # the model's service judged the picture, so the gateway let it through
            pass
        except Misconfigured:
            self._note(PROBE, answered=False)
            return False
        except DescriberError as fault:
            wait = fault.retry_after if isinstance(fault, Transient) else None
            sentence = "The model's server blocked the picture, and a harmless picture failed for another reason"
            raise Transient(sentence, retry_after=wait) from fault
        self._note(PROBE, answered=True)
        return True

    def _note(self, picture: str, *, answered: bool) -> None:
        self._outcomes.append(_Outcome(picture, self.clock(), answered))
