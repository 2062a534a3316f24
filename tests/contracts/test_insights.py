"""What really leaves the process for Application Insights: Microsoft's exporter against an endpoint on this machine."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from describer.telemetry import Names
from describer.telemetry import vocabulary as v
from local import environment
from tests.unit.conftest import CAT
from tests.unit.test_settings import GOOD

ROOT = Path(__file__).parents[2]
KEY = "00000000-0000-0000-0000-000000000000"

VISIT = """
import asyncio, dataclasses, logging
from opentelemetry import _logs, metrics, trace
from describer.app import App
from describer.telemetry import traced
from tests.fakes import answer
from tests.unit.conftest import CAT, House
from describer.errors import Transient

logging.getLogger().setLevel(logging.INFO)
app, house = App.from_environment(), House()
house.images.put(CAT, b"picture-bytes-of-agatha")
house.model.script = [Transient("the picture 'pets/cat.jpg': 503"), answer("Aunt Agatha")]
line = traced(house.pipeline, app.telemetry, "azure.ai.openai")
delivery = dataclasses.replace(house.delivery, pipeline=line, journal=app.journal)

async def visit():
    await delivery.arrived(CAT.container, CAT.name)
    await delivery.again(house.queue.sent[0][0].encode())

asyncio.run(visit())
trace.get_tracer_provider().force_flush()
metrics.get_meter_provider().force_flush()
_logs.get_logger_provider().force_flush()
"""


@dataclass
class Ingestion:
    """An endpoint that takes everything; `items` is what it was sent."""

    url: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [item["data"]["baseData"] for item in self.items if item["data"]["baseType"] == kind]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingestion]:
    """Everything that one process sent of two visits: one put off, one described."""
    ingestion = Ingestion()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            items = json.loads(body)
            ingestion.items += items
            reply = json.dumps({"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    told = environment.clean() | GOOD
    told |= {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={KEY};"
        f"IngestionEndpoint=http://127.0.0.1:{server.server_port}/",
        "WEBSITE_SITE_NAME": "func-describer",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "TMPDIR": str(tmp_path_factory.mktemp("storage")),
        # Statistics of the SDK about itself, and its remote configuration: both would leave this machine.
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    }
    try:
        subprocess.run([sys.executable, "-c", VISIT], cwd=ROOT, env=told, check=True, timeout=60)
        yield ingestion
    finally:
        server.shutdown()
        server.server_close()


def test_spans_become_dependencies(sent: Ingestion) -> None:
    spans = {span["name"]: span for span in sent.of("RemoteDependencyData")}
    assert {v.DESCRIBE, v.IMAGE_PREPARE, "chat gpt-5.6-luna", v.IMAGES_MARK} <= spans.keys()
    assert spans["chat gpt-5.6-luna"]["type"] == "GenAI | azure.ai.openai"
    told = spans["chat gpt-5.6-luna"]["properties"]
    assert {v.REQUEST_MODEL, v.RESPONSE_MODEL, v.INPUT_TOKENS, v.OUTPUT_TOKENS} <= told.keys()
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


def test_the_app_is_named(sent: Ingestion) -> None:
    assert {item["tags"]["ai.cloud.role"] for item in sent.items} == {"func-describer"}


def test_nothing_else_is_sent(sent: Ingestion) -> None:
    everything = json.dumps(sent.items)
    for secret in ("Agatha", "agatha", "grey sofa", "pets", "cat.jpg"):
        assert secret not in everything, secret
    ours = {v.DESCRIBE, "chat gpt-5.6-luna"}
    strangers = {span["name"] for span in sent.of("RemoteDependencyData")} - ours
    assert all(name.split(".")[0] in {"records", "images", "image", "topic"} for name in strangers)
