"""Stores how much of the daily budget is taken: the blob `today.json` in container `budget` of the app's account."""

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
_SUBJECT: Final = "The daily budget"
_MAX_TRIES: Final = 10
_MAX_PAUSE: Final = 0.2
"""Maximum seconds before the next try if another one wrote first."""


@dataclass(frozen=True, slots=True)
class BlobLedger:
    """The port `Ledger` on one container."""

    container: ContainerClient

    async def taken(self, day: date) -> float:
        """Return the US dollars taken on this day: one GET."""
        kept, usd, _ = await self._read()
        return usd if kept == day else 0.0

    async def change(self, day: date, change: Callable[[float], float]) -> float:
        """Apply the change: a GET, and a conditional PUT if the sum changes; both again if another one wrote first."""
        for _ in range(_MAX_TRIES):
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
                await asyncio.sleep(random.uniform(0, _MAX_PAUSE))  # noqa: S311 - jitter
            else:
                return changed - taken
        raise Transient("The daily budget: other instances wrote first each time")

    async def _read(self) -> tuple[date | None, float, str]:
        with storage_errors(_SUBJECT):
            found = await versioned_blob.read(self.container.get_blob_client(_NAME))
        if found is None:
            return None, 0.0, ""
        data, etag = found
        try:
            kept = json.loads(data)
            return date.fromisoformat(kept["day"]), float(kept["taken_usd"]), etag
        except (ValueError, KeyError, TypeError) as error:
            sentence = "The daily budget: today.json in the container budget is not in the app's format; delete it"
            raise Misconfigured(sentence) from error

    async def _write(self, day: date, usd: float, etag: str) -> None:
        data = json.dumps({"day": day.isoformat(), "taken_usd": usd}).encode()
        with storage_errors(_SUBJECT):
            await versioned_blob.write(self.container.get_blob_client(_NAME), data, etag)
