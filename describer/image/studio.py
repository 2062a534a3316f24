"""Pictures are prepared in threads: the codecs release the GIL, and the event loop goes on."""

import asyncio
import os
from dataclasses import dataclass, field
from functools import partial

from describer.image.inspect import inspect
from describer.image.render import prepare
from describer.image.values import Header, Limits, PreparedImage
from describer.models import Families
from describer.tokens import Bounds, fit


@dataclass(frozen=True, slots=True)
class ThreadStudio:
    """The port `Studio`: one picture per core at a time, sized by the rule of the model's family.

    Args:
        families: decides, with the detail, the size in which a picture is sent.
        limits: bytes and memory that one picture may take.
    """

    families: Families
    limits: Limits
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(os.process_cpu_count() or 1))

    async def inspect(self, data: bytes) -> Header:
        """Reads the header."""
        return await asyncio.to_thread(inspect, data, self.limits)

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        """Decodes, shrinks and encodes."""
        size = partial(fit, self.families(model), detail=detail, bounds=Bounds(tokens=max_tokens))
        async with self.slots:
            return await asyncio.to_thread(prepare, data, size, self.limits)
