"""What was taken of the daily budget: the blob `today.json` in the container `budget` of the app's own account."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from azure.storage.blob.aio import ContainerClient

from describer.adapters import versioned_blob
from describer.adapters.storage import storage_errors
from describer.domain.errors import Conflict, Misconfigured, Transient

BUDGET_CONTAINER: Final = "budget"
_NAME: Final = "today.json"
_WHAT: Final = "the daily budget"
_TRIES: Final = 10
_PAUSE: Final = 0.2
"""Seconds at most before the next try, where another instance was faster."""


@dataclass(frozen=True, slots=True)
class BlobLedger:
    """The port `Ledger` on one container."""

    container: ContainerClient

    async def taken(self, day: date) -> float:
        """One GET."""
        kept, usd, _ = await self._read()
        return usd if kept == day else 0.0

    async def change(self, day: date, change: Callable[[float], float]) -> float:
        """One GET, and one conditional PUT if something changes; both again where another instance was faster."""
        for _ in range(_TRIES):
            kept, usd, etag = await self._read()
            if kept and kept > day:
                return 0.0
            taken = usd if kept == day else 0.0
            changed = change(taken)
            if changed == taken:
                return 0.0
            try:
                await self._write(day, changed, etag)
            except Conflict:
                await asyncio.sleep(random.uniform(0, _PAUSE))  # noqa: S311 - jitter
            else:
                return changed - taken
        raise Transient("the daily budget: other instances were faster each time")

    async def _read(self) -> tuple[date | None, float, str]:
        with storage_errors(_WHAT):
            found = await versioned_blob.read(self.container.get_blob_client(_NAME))
        if found is None:
            return None, 0.0, ""
        data, etag = found
        try:
            kept = json.loads(data)
            return date.fromisoformat(kept["day"]), float(kept["taken_usd"]), etag
        except (ValueError, KeyError, TypeError) as error:
            sentence = "the daily budget: today.json in the container budget is none of the app's; delete it"
            raise Misconfigured(sentence) from error

    async def _write(self, day: date, usd: float, etag: str) -> None:
        data = json.dumps({"day": day.isoformat(), "taken_usd": usd}).encode()
        with storage_errors(_WHAT):
            await versioned_blob.write(self.container.get_blob_client(_NAME), data, etag)
