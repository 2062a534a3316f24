"""The HTTP interface on fakes, called over ASGI."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2
import pytest
from starlette.types import ASGIApp

from describer.entrypoints.http.build import asgi
from describer.entrypoints.storage_events.backfill_steps import BackfillSteps
from describer.operations.health import Check
from describer.pipeline.ports import Verdict
from tests.backfills import backfill_steps
from tests.unit.conftest import CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup


@dataclass
class Api:
    """The interface, its client and its fakes."""

    setup: OnDemandSetup
    checks: list[Check] = field(default_factory=lambda: [Check("storage", Verdict.OK, 0.01, "It answers.")])
    max_picture: int = 1000
    backfills: BackfillSteps = field(default_factory=backfill_steps)
    client: httpx2.AsyncClient = field(init=False)

    @property
    def app(self) -> ASGIApp:
        return asgi(
            lambda: self.setup.on_demand,
            lambda: self.harness.corrector,
            lambda: self.harness.catalogue,
            lambda: self.backfills,
            self._checked,
            self.setup.memory,
            self.max_picture,
        )

    async def _checked(self) -> list[Check]:
        return self.checks

    @property
    def harness(self) -> Harness:
        return self.setup.harness


@pytest.fixture
def harness() -> Harness:
    made = Harness()
    made.images.put(CAT, b"cat")
    return made


@pytest.fixture
async def api(harness: Harness) -> AsyncIterator[Api]:
    api = Api(OnDemandSetup(harness))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(api.app), base_url="http://app") as client:
        api.client = client
        yield api
