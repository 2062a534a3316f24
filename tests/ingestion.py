"""An endpoint of Application Insights on this machine, and settings for Microsoft's exporter."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "00000000-0000-0000-0000-000000000000"


@dataclass
class Ingestion:
    """Accepts everything; `items` has what it received."""

    items: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [item["data"]["baseData"] for item in self.items if item["data"]["baseType"] == kind]


@contextmanager
def ingestion(folder: str) -> Iterator[Ingestion]:
    """An endpoint; `folder` is for the exporter's unsent items."""
    made = Ingestion()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            items = json.loads(body)
            made.items += items
            reply = json.dumps({"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.settings = {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={KEY};"
        f"IngestionEndpoint=http://127.0.0.1:{server.server_port}/",
        "WEBSITE_SITE_NAME": "func-describer",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "TMPDIR": folder,
        # Statistics of the SDK about itself, and its remote configuration: both would leave this machine.
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    }
    threading.Thread(target=server.serve_forever).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
