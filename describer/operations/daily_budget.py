"""Checks how much of the daily budget is left."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from describer.pipeline.daily_budget import Ledger
from describer.pipeline.ports import ProbeResult, Verdict

_ADVICE = "Pictures wait until 00:00 UTC and are described then. To describe more today, raise DAILY_BUDGET_USD."


@dataclass(frozen=True, slots=True)
class BudgetProbe:
    """Reads how much all instances have taken today, including shares not spent yet. `limit`: in US dollars."""

    limit: float
    ledger: Ledger
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    name: str = "model: daily budget"

    async def check(self) -> ProbeResult:
        """Read the ledger: one request.

        Raises:
            NotNow: the ledger cannot be reached; the model is then not called for any picture.
        """
        taken = await self.ledger.taken(self.now().date())
        found = f"{taken:.4f} of {self.limit:g} USD are spent or reserved today (UTC)."
        used_up = taken >= 0.99 * self.limit
        return ProbeResult(Verdict.FAILED, found, _ADVICE) if used_up else ProbeResult(Verdict.OK, found)
