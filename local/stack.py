"""Starts and stops all stand-ins for Azure together.

    with Stack(app=ROOT, state=ROOT / ".local", model=start.stand_in_model("vision")) as stack:
        async with stack.storage.blob_service() as blobs: ...

It creates what Bicep creates: containers `images` and `descriptions` in the account `images`, QUEUES in the
account `host`, the topic that the app publishes to, and the event subscription.
"""

import fcntl
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local import children, environment, ports, storage
from local.addresses import MCP_PATH, TOPIC_PATH, Addresses
from local.children import Child
from local.eventgrid.events import Schema
from local.parts import Parts
from local.routes import WORK_QUEUE, Name, Route

IMAGES_CONTAINER = "images"
DESCRIPTIONS_CONTAINER = "descriptions"
QUEUES = (
    WORK_QUEUE,
    "unpublished-events",
    "smoke-tests",
    "backfills",
    "dead-letter-queue",
    "webjobs-blobtrigger-poison",
)


class AlreadyRunning(RuntimeError):
    """Another stack uses the same state folder."""


class Stack:
    """A context manager that runs all stand-ins.

    Args:
        app: the folder of the function app.
        state: this stack's own folder, for logs and certificates.
        settings: further app settings, which take precedence, e.g. for a real model.
        model: the command of a model server, which gets `--port N` and answers GET /healthz when ready.
        model_url: or the address of a running one; with neither, `settings` name the model.
        route: how uploads reach the app, see local/routes.py; None: not at all.
        schema: of the events on that route.
        containers: whose uploads; created if missing.
        function: the function that the route's webhook calls, if not the usual one.
        topic_url: another topic; otherwise one is started, and `events` is its file.
        extensions: a program that runs Microsoft's own extensions, instead of their stand-in.
        python: the interpreter that runs the app, of another virtual environment than this one's.
        first_port: the first of consecutive ports, which are used if all are free.

    Raises:
        AlreadyRunning: another stack uses `state`.
        ChildFailed: a part did not start, or died before the end.

    """

    addresses: Addresses
    storage: storage.Storage

    def __init__(
        self,
        app: Path,
        state: Path,
        settings: Mapping[str, str] | None = None,
        *,
        model: Sequence[str] | None = None,
        model_url: str | None = None,
        route: Name | None = "blobTrigger",
        schema: Schema = Schema.EVENT_GRID,
        containers: Sequence[str] = (IMAGES_CONTAINER,),
        function: str | None = None,
        topic_url: str | None = None,
        extensions: Path | None = None,
        python: Path | None = None,
        first_port: int | None = None,
    ) -> None:
        self._app = app.resolve()
        self._state = state.resolve()
        self._settings = dict(settings or {})
        self._model = model
        self._model_url = model_url
        self._route = Route(route, schema, tuple(containers), function) if route else None
        self._containers = {IMAGES_CONTAINER, DESCRIPTIONS_CONTAINER, *containers}
        self._topic_url = topic_url
        self._extensions = extensions
        self._python = python
        self._first_port = first_port
        self._inherited = environment.clean()
        self._backends: list[Child] = []
        self._front: list[Child] = []
        self._lock: IO[str] | None = None

    @property
    def events(self) -> Path:
        """The file with a line of JSON for each event that the app has published since the start."""
        return self._state / "logs/events.jsonl"

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which a process uses the stand-ins through azure-identity and the SDKs."""
        return {**self.storage.environment, "NO_PROXY": "127.0.0.1,localhost"}

    @property
    def settings(self) -> dict[str, str]:
        """The app's settings, for the command line to use the same stand-ins."""
        return self._app_settings()

    def __enter__(self) -> Self:
        self._take_state()
        try:
            children.on_free_ports(self._start)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.check()
        except children.ChildFailed as failure:
            if error is None:
                raise
            error.add_note(str(failure))
        finally:
            self._end()

    def check(self) -> None:
        """Raise ChildFailed if a part has died."""
        for child in (*self._backends, *self._front):
            child.check()

    def _start(self) -> None:
        """Start the parts concurrently; each waits for those that it needs."""
        self._end_parts()
        parts = Parts(self._state / "logs", self._inherited)
        blob, queue, table, identity, topic, model, host = ports.free_ports(7, self._first_port)
        self.storage, self._backends = storage.start(self._state, self._inherited, (blob, queue, table, identity))
        if not self._topic_url:
            self._backends.append(parts.topic(topic, self.storage, self.events))
        if self._model:
            self._model_url = f"http://127.0.0.1:{model}"
            self._backends.append(parts.model(self._model, model))
        self.addresses = Addresses(
            http=f"http://127.0.0.1:{host}",
            key=children.secret(),
            api=f"http://127.0.0.1:{host}/api",
            function_key=children.secret(),
            mcp=f"http://127.0.0.1:{host}{MCP_PATH}",
            blob=self.storage.blob_url,
            queue=self.storage.url("queue", self.storage.host),
            identity=self.storage.identity.endpoint,
            topic=self._topic_url or f"https://127.0.0.1:{topic}{TOPIC_PATH}",
            model=self._model_url or "",
            ca=str(self.storage.certificate.ca),
        )
        runs = parts.host(self._app, host, self._app_settings(), self.addresses, self._extensions, self._python)
        self._front.append(runs)
        if self._route:
            self._front.append(parts.eventgrid(self._route, self.storage, self.addresses))
        for child in self._backends[:2]:
            child.wait_until_ready()
        self._create()
        for child in (*self._backends, *self._front):
            child.wait_until_ready()

    def _create(self) -> None:
        for container in self._containers:
            self.storage.create_container(container)
        self.storage.create_container("backfills", self.storage.host)
        self.storage.create_container("budget", self.storage.host)
        for queue in QUEUES:
            self.storage.create_queue(queue)

    def _app_settings(self) -> dict[str, str]:
        images, host = self.storage.images, self.storage.host
        return {
            **self.storage.environment,
            **self.storage.connection("IMAGES", images),
            "IMAGES__queueServiceUri": self.storage.url("queue", host),  # as Bicep sets it
            **self.storage.connection("AzureWebJobsStorage", host),
            "IMAGES_CONTAINER": IMAGES_CONTAINER,
            "DESCRIPTIONS_CONTAINER": DESCRIPTIONS_CONTAINER,
            "EVENTS_TOPIC_ENDPOINT": self.addresses.topic,
            **(environment.model(self.addresses.model) if self.addresses.model else {}),
            **self._settings,
        }

    def _take_state(self) -> None:
        self._state.mkdir(parents=True, exist_ok=True)
        self._lock = (self._state / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise AlreadyRunning(f"Another stack runs already; where: {self._state / 'addresses.json'}") from None

    def _end(self) -> None:
        self._end_parts()
        if self._lock is not None:
            self._lock.close()

    def _end_parts(self) -> None:
        """The app first, then what it uses."""
        children.end(self._front)
        children.end(self._backends)
        self._front, self._backends = [], []
