"""What is left of the daily budget."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from describer.pipeline.daily_budget import Ledger
from describer.pipeline.ports import ProbeResult, Verdict

_ADVICE = "Pictures wait until 00:00 UTC and are described then. Raise DAILY_BUDGET_USD if they should not."


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class BudgetProbe:
    """Reads what instances have taken today; some of it they may not have spent yet.

    Args:
        limit: US dollars a day.
        ledger: of the installation.
        now: the time.
    """

    limit: float
    ledger: Ledger
    now: Callable[[], datetime] = _now
    name: str = "model: daily budget"

    async def check(self) -> ProbeResult:
        """One request. Raises Transient, Misconfigured: the ledger cannot be reached, and no picture is asked about."""
        taken = await self.ledger.taken(self.now().date())
        found = f"{taken:.4f} of {self.limit:g} USD are spent or held today (UTC)."
        used_up = taken >= 0.99 * self.limit
        return ProbeResult(Verdict.FAILED, found, _ADVICE) if used_up else ProbeResult(Verdict.OK, found)
