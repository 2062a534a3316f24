"""What the command line needs of the app, which `__main__.py` hands in."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from describer.entrypoints.on_demand.service import OnDemandService
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.correct import Corrector
from describer.pipeline.ports import Probe, Records
from describer.settings import Need, Settings


class Services(Protocol):
    """The app, as far as commands use it; see `describer.app.App`."""

    settings: Settings

    @property
    def on_demand(self) -> OnDemandService:
        """Where callers who wait are served."""

    @property
    def records(self) -> Records:
        """The sidecars."""

    @property
    def corrector(self) -> Corrector:
        """Where people correct what is stored."""

    @property
    def probes(self) -> Sequence[Probe]:
        """One health check for each connection."""

    @property
    def catalogue(self) -> Catalogue:
        """All that is stored."""

    @property
    def probes_of_azure_too(self) -> Sequence[Probe]:
        """One health check for each connection, and those that only Azure Resource Manager can answer."""

    async def close(self) -> None:
        """Close every connection."""


type Connect = Callable[[Collection[Need], Mapping[str, str]], Services]
"""Builds the app: what is needed, and values for settings that the environment does not have. Raises Misconfigured."""
