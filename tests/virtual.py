"""An event loop whose clock jumps to the next event, so that minutes pass at once."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

_TICK = 1e-7  # a clock that is looked at twice has moved


class _Selector(selectors.SelectSelector):
    """Does not wait: adds the time to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Pass the time."""
        self.now += max(0.0, timeout or 0.0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        self._virtual.now += _TICK
        return self._virtual.now


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
