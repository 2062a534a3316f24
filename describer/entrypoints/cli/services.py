"""The parts of the app that commands use, passed in by `__main__.py`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from describer.entrypoints.on_demand.service import OnDemandService
from describer.entrypoints.storage_events.backfill_steps import BackfillSteps
from describer.pipeline.backfill.backfiller import Backfiller
from describer.pipeline.backfill.library import Library
from describer.pipeline.backfill.preview import Asking
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.correct import Corrector
from describer.pipeline.deleted_pictures import DeletedPictures
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.ports import Probe, Records
from describer.pipeline.purge import Purger
from describer.settings import Need, Settings
from describer.vision.brief import Brief


class Services(Protocol):
    """The app as commands use it; see `describer.app.App`."""

    settings: Settings

    @property
    def on_demand(self) -> OnDemandService: ...

    @property
    def records(self) -> Records: ...

    @property
    def memory(self) -> MemoryBudget: ...

    @property
    def corrector(self) -> Corrector: ...

    @property
    def probes(self) -> Sequence[Probe]: ...

    @property
    def backfiller(self) -> Backfiller: ...

    @property
    def backfill_steps(self) -> BackfillSteps: ...

    @property
    def library(self) -> Library: ...

    @property
    def asking(self) -> Asking: ...

    def asking_of(self, brief: Brief) -> Asking:
        """What the model is asked of pictures with this brief."""

    @property
    def catalogue(self) -> Catalogue: ...

    @property
    def deleted_pictures(self) -> DeletedPictures: ...

    @property
    def purger(self) -> Purger: ...

    @property
    def probes_of_azure_too(self) -> Sequence[Probe]:
        """One health check for each connection, and those through Azure Resource Manager."""

    async def close(self) -> None: ...


type Connect = Callable[[Collection[Need], Mapping[str, str]], Services]
"""Builds the app from required setting groups and values for settings that the environment lacks. Raises Misconfigured.
"""
