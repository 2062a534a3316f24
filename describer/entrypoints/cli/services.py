"""What the command line needs of the app, which `__main__.py` hands in."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from describer.entrypoints.on_demand.service import OnDemandService
from describer.entrypoints.storage_events.sweep_steps import SweepSteps
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.correct import Corrector
from describer.pipeline.deleted_pictures import DeletedPictures
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.ports import Probe, Records
from describer.pipeline.purge import Purger
from describer.pipeline.sweep.library import Library
from describer.pipeline.sweep.preview import Asking
from describer.pipeline.sweep.selection import Selection
from describer.pipeline.sweep.state import SweepOptions
from describer.pipeline.sweep.sweeper import Sweeper
from describer.settings import Need, Settings
from describer.vision.brief import Brief


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
    def memory(self) -> MemoryBudget:
        """The memory for pictures."""

    @property
    def corrector(self) -> Corrector:
        """Where people correct what is stored."""

    @property
    def probes(self) -> Sequence[Probe]:
        """One health check for each connection."""

    @property
    def sweeper(self) -> Sweeper:
        """What queues the pictures that were there before the app."""

    @property
    def sweep_steps(self) -> SweepSteps:
        """Where a sweep goes on in the app."""

    @property
    def library(self) -> Library:
        """The pictures, and what is known of their records."""

    @property
    def asking(self) -> Asking:
        """What the model is asked of an uploaded picture."""

    def asking_of(self, brief: Brief) -> Asking:
        """What the model is asked of pictures with this brief."""

    def selection(self, options: SweepOptions) -> Selection:
        """The rules by which a sweep chooses pictures."""

    @property
    def catalogue(self) -> Catalogue:
        """All that is stored."""

    @property
    def deleted_pictures(self) -> DeletedPictures:
        """What becomes of the records of pictures that are gone."""

    @property
    def purger(self) -> Purger:
        """What erases all that is kept about a picture."""

    @property
    def probes_of_azure_too(self) -> Sequence[Probe]:
        """One health check for each connection, and those that only Azure Resource Manager can answer."""

    async def close(self) -> None:
        """Close every connection."""


type Connect = Callable[[Collection[Need], Mapping[str, str]], Services]
"""Builds the app: what is needed, and values for settings that the environment does not have. Raises Misconfigured."""
