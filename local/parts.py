"""The processes of a stack beside storage: commands, settings, and when each is ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local import children, eventgrid
from local.addresses import Addresses
from local.children import Child
from local.extensions.running import STOP_WITHIN
from local.routes import Route
from local.storage import Storage

HOST_GRACE = STOP_WITHIN + 5.0  # seconds between SIGTERM and SIGKILL


@dataclass(frozen=True, slots=True)
class Parts:
    """Starts the processes without waiting.

    Args:
        logs: the folder for logs.
        inherited: their common environment, see environment.clean.

    """

    logs: Path
    inherited: Mapping[str, str]

    def model(self, command: Sequence[str], port: int) -> Child:
        """Start a model server by its command."""
        ready = children.answers(f"http://127.0.0.1:{port}/healthz")
        return self._child("model", [*command, "--port", str(port)], {}, ready)

    def topic(self, port: int, storage: Storage, events: Path) -> Child:
        """Start the sink that stands in for the custom topic; `events` is its file, emptied first."""
        events.parent.mkdir(parents=True, exist_ok=True)
        events.write_bytes(b"")
        certificate = storage.certificate
        command = children.module(
            "local.sink",
            *("--port", str(port), "--events", str(events)),
            *("--certificate", str(certificate.certificate), "--key", str(certificate.key)),
        )
        trusting = children.opener(certificate.certificate)
        return self._child("topic", command, {}, children.answers(f"https://127.0.0.1:{port}/healthz", trusting))

    def host(
        self,
        app: Path,
        port: int,
        settings: Mapping[str, str],
        where: Addresses,
        program: Path | None,
        python: Path | None,
    ) -> Child:
        """Start the development host for the app in this folder, with these app settings.

        `program` runs Microsoft's own extensions instead of their stand-in; `python` is another interpreter.
        """
        extensions = ["--extensions", str(program)] if program else []
        command = children.module("local.host", "--app", str(app), "--port", str(port), *extensions)
        if python:
            command[0] = str(python)
        ready = children.answers(f"http://127.0.0.1:{port}/admin/host/status")
        keys = {"HOST_KEY": where.key, "FUNCTION_KEY": where.function_key}
        return self._child("host", command, {**settings, **keys}, ready, HOST_GRACE)

    def eventgrid(self, route: Route, storage: Storage, where: Addresses) -> Child:
        """Start Event Grid with one subscription, which waits for the host and validates it."""
        command = children.module(
            "local.eventgrid",
            *("--log", str(storage.access_log)),
            *("--account", storage.images),
            *("--blob-service", where.blob),
            *route.arguments(where.queue),
        )
        webhook = route.webhook(where.http, where.key)
        given = {**storage.environment, **({"EVENTGRID_ENDPOINT": webhook} if webhook else {})}
        return self._child("eventgrid", command, given, children.says(self.logs / "eventgrid.log", eventgrid.ACTIVE))

    def _child(
        self,
        name: str,
        command: Sequence[str],
        given: Mapping[str, str],
        ready: children.Ready,
        grace: float = children.GRACE,
    ) -> Child:
        environment = {**self.inherited, **given}
        return Child(name, command, environment=environment, log=self.logs / f"{name}.log", ready=ready, grace=grace)
