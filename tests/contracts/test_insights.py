"""What really leaves the process for Application Insights: Microsoft's exporter against an endpoint on this machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from describer.adapters.telemetry import Names
from describer.pipeline import vocabulary as v
from local import environment
from tests.ingestion import Ingestion, ingestion
from tests.unit.conftest import CAT
from tests.unit.test_settings import GOOD

ROOT = Path(__file__).parents[2]

VISIT = """
import asyncio, dataclasses, logging
from describer.app import App
from describer.adapters.telemetry import traced
from tests.fakes import answer
from tests.unit.conftest import CAT, Harness
from describer.domain.errors import Transient

logging.getLogger().setLevel(logging.INFO)
app, harness = App.from_environment(), Harness()
harness.images.put(CAT, b"picture-bytes-of-agatha")
harness.model.script = [Transient("storage answered 503", quoting="pets/cat.jpg"), answer("Aunt Agatha")]
app.telemetry.saved_tokens.add(13442)
pipeline = traced(harness.pipeline, app.telemetry, "azure.ai.openai")
delivery = dataclasses.replace(harness.delivery, pipeline=pipeline, work_log=app.work_log)

async def visit():
    await delivery.handle_upload(CAT.container, CAT.name)
    await delivery.handle_message(harness.queue.sent[0][0].encode())

asyncio.run(visit())
"""


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Ingestion:
    """Return what a process exported of two deliveries: one deferred, one described."""
    with ingestion(str(tmp_path_factory.mktemp("storage"))) as endpoint:
        environ = environment.clean() | GOOD | endpoint.settings
        subprocess.run([sys.executable, "-c", VISIT], cwd=ROOT, env=environ, check=True, timeout=60)
    return endpoint


def test_spans_become_dependencies(sent: Ingestion) -> None:
    spans = {span["name"]: span for span in sent.of("RemoteDependencyData")}
    assert {v.DESCRIBE, v.IMAGE_PREPARE, "chat gpt-5.6-luna", v.IMAGES_SET_METADATA} <= spans.keys()
    assert spans["chat gpt-5.6-luna"]["type"] == "GenAI | azure.ai.openai"
    facts = spans["chat gpt-5.6-luna"]["properties"]
    assert {v.REQUEST_MODEL, v.RESPONSE_MODEL, v.INPUT_TOKENS, v.OUTPUT_TOKENS} <= facts.keys()
    described = [span for span in sent.of("RemoteDependencyData") if span["name"] == v.DESCRIBE]
    assert [(span["success"], span["properties"].get(v.OUTCOME)) for span in described] == [
        (False, None),
        (True, "described"),
    ]
    assert described[0]["properties"][v.ERROR] == "Transient"


def test_metrics_keep_their_names(sent: Ingestion) -> None:
    names = {point["name"] for data in sent.of("MetricData") for point in data["metrics"]}
    assert set(v.METRICS) <= names
    properties = {point["name"]: data["properties"] for data in sent.of("MetricData") for point in data["metrics"]}
    assert properties[v.PICTURES] == {v.OUTCOME: "described"}
    assert properties[v.COST][v.REQUEST_MODEL] == "gpt-5.6-luna"
    timed = [data["properties"] for data in sent.of("MetricData") if data["metrics"][0]["name"] == v.MODEL_SECONDS]
    assert {about.get(v.ERROR_TYPE) for about in timed} == {"Transient", None}


def test_events_become_traces_with_their_facts(sent: Ingestion) -> None:
    events = {event["message"]: event["properties"] for event in sent.of("MessageData")}
    assert events["picture.done"]["outcome"] == "described"
    assert events["picture.deferred"]["fault"] == "transient"
    assert events["picture.deferred"]["picture"] == Names().of(CAT)

    assert events["picture.deferred"]["reason"] == "storage answered 503"


def test_the_app_is_named(sent: Ingestion) -> None:
    assert {item["tags"]["ai.cloud.role"] for item in sent.items} == {"func-describer"}


def test_nothing_else_is_sent(sent: Ingestion) -> None:
    everything = json.dumps(sent.items)
    for secret in ("Agatha", "agatha", "grey sofa", "pets", "cat.jpg"):
        assert secret not in everything, secret
    ours = {v.DESCRIBE, "chat gpt-5.6-luna"}
    others = {span["name"] for span in sent.of("RemoteDependencyData")} - ours
    assert all(name.split(".")[0] in {"records", "images", "image", "topic"} for name in others)
