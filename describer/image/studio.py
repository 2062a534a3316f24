"""Pictures are prepared in threads: the codecs release the GIL, and the event loop goes on."""

import asyncio
import os
from dataclasses import dataclass, field
from functools import partial

from describer.image.inspect import inspect
from describer.image.render import prepare
from describer.image.values import Header, Limits, PreparedImage
from describer.models import Family
from describer.tokens import fit


@dataclass(frozen=True, slots=True)
class ThreadStudio:
    """The port `Studio`: one picture per core at a time, sized by the family's own rule.

    Args:
        family: decides the size in which a picture is sent.
        detail: `low`, `high` or `original`.
        limits: bytes and memory that one picture may take.
    """

    family: Family
    detail: str
    limits: Limits
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(os.process_cpu_count() or 1))

    async def inspect(self, data: bytes) -> Header:
        """Reads the header."""
        return await asyncio.to_thread(inspect, data, self.limits)

    async def prepare(self, data: bytes) -> PreparedImage:
        """Decodes, shrinks and encodes."""
        async with self.slots:
            return await asyncio.to_thread(prepare, data, partial(fit, self.family, detail=self.detail), self.limits)
