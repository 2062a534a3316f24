"""Whether this installation works: every connection is looked at, all at once, each within its time."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import Misconfigured, Transient
from describer.pipeline.ports import Probe, ProbeResult, Verdict

WITHIN: Final = 10.0
"""Seconds that one connection gets."""


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one look.

    Args:
        name: of what was looked at; stable, so that programs may rely on it.
        verdict: `ok`, `failed`, or `unknown` if it cannot be told from here.
        seconds: how long it took.
        found: a sentence.
        advice: what to do, where something is to be done. Neither holds a secret.
    """

    name: str
    verdict: Verdict
    seconds: float
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class StaticProbe:
    """A probe that need not look."""

    name: str
    finding: ProbeResult

    async def check(self) -> ProbeResult:
        """Return what was known before."""
        return self.finding


async def check_all(probes: Iterable[Probe], *, within: float = WITHIN) -> list[Check]:
    """Return one check for each probe, in their order; takes as long as the slowest, and `within` seconds at most."""
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
        return ProbeResult(
            Verdict.FAILED, f"There was no answer in {within:g} s.", "Look at the network between here and there."
        )
    except Transient as fault:
        return ProbeResult(Verdict.FAILED, f"{fault}.", "It may pass: try again in a minute.")
    except Misconfigured as fault:
        return ProbeResult(Verdict.FAILED, f"{fault}.", "Mend the setting or the role that this names.")
