"""What app.py builds, and that the tests build the same."""

from typing import Any

import pytest

from describer.app import App
from describer.entrypoints.http.middleware import Middleware
from describer.pipeline.pipeline import Pipeline
from describer.settings import MIB, Settings
from tests.unit.conftest import Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

SETTINGS = {
    "IMAGES_CONTAINER": "images",
    "IMAGES": "UseDevelopmentStorage=true",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
    "OPENAI_MODEL": "gpt-5.6-luna",
    "HELD_IMAGES_MB": "16",
}


def _parts(app: App) -> dict[str, Any]:
    assert isinstance(app.http, Middleware)
    assert isinstance(app.pipeline, Pipeline)
    loader, tools = app.on_demand.loader, app.tools
    return {"HTTP": app.http.memory, "uploads": app.pipeline.memory, "loader": loader._memory, "MCP": tools.memory}


async def test_every_way_in_shares_one_budget_of_memory() -> None:
    app = App(Settings.read(SETTINGS))
    assert {name for name, memory in _parts(app).items() if memory is not app.memory} == set()
    assert app.memory.size == 16 * MIB
    assert isinstance(app.pipeline, Pipeline)
    assert app.on_demand.pipeline is app.pipeline
    assert app.on_demand.image_describer is app.pipeline.image_describer, (
        "so that equal questions meet, and answers are kept once"
    )
    await app.close()


@pytest.mark.parametrize("part", ["memory", "image_describer.single_flight", "image_describer.answers"])
def test_the_tests_service_is_built_like_it(harness: Harness, part: str) -> None:
    setup = OnDemandSetup(harness).on_demand
    assert setup.loader._memory is harness.memory
    of_service: Any = setup.pipeline
    of_harness: Any = harness.pipeline
    for name in part.split("."):
        of_service, of_harness = getattr(of_service, name), getattr(of_harness, name)
    assert of_service is of_harness
