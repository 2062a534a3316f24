"""Runs all health checks concurrently, each within a time limit."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import Misconfigured, Transient
from describer.pipeline.ports import Probe, ProbeResult, Verdict

WITHIN: Final = 10.0
"""Time limit of one check in seconds."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Args:
        name: the check's name; stable, for programs.
        advice: what to do, if anything. Neither sentence contains a secret.
    """

    name: str
    verdict: Verdict
    seconds: float
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class StaticProbe:
    """A check whose result is already known."""

    name: str
    finding: ProbeResult

    async def check(self) -> ProbeResult:
        return self.finding


async def check_all(probes: Iterable[Probe], *, within: float = WITHIN) -> list[Check]:
    """Return one result per probe, in their order; takes as long as the slowest, at most `within` seconds."""
    return list(await asyncio.gather(*(_checked(probe, within) for probe in probes)))


async def _checked(probe: Probe, within: float) -> Check:
    began = time.perf_counter()
    finding = await _finding(probe, within)
    seconds = round(time.perf_counter() - began, 3)
    return Check(probe.name, finding.verdict, seconds, finding.found, finding.advice)


async def _finding(probe: Probe, within: float) -> ProbeResult:
    try:
        async with asyncio.timeout(within):
            return await probe.check()
    except TimeoutError:
        return ProbeResult(Verdict.FAILED, f"There was no answer in {within:g} s.", "Check the network in between.")
    except Transient as fault:
        return ProbeResult(Verdict.FAILED, f"{fault}.", "It may pass: try again in a minute.")
    except Misconfigured as fault:
        return ProbeResult(Verdict.FAILED, f"{fault}.", "Correct the setting or the role that this names.")
