"""Everything that stands in for Azure, started together and ended together.

    with Stack(app=ROOT, state=ROOT / ".local", model=start.stand_in_model("vision")) as stack:
        async with stack.storage.blob_service() as blobs: ...

What Bicep would create is created: containers `images` and `descriptions` in the account `images`, queue
`image-work` in the account `host`, and the event subscription.
"""

import fcntl
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local import children, environment, eventgrid, ports, storage
from local.addresses import Addresses
from local.children import Child

IMAGES_CONTAINER = "images"
DESCRIPTIONS_CONTAINER = "descriptions"
WORK_QUEUE = "image-work"
FUNCTION = "Host.Functions.{}"


class AlreadyRunning(RuntimeError):
    """Another stack uses the same state folder."""


class Stack:
    """A context manager; while it is entered, all runs.

    Args:
        app: the folder of the function app.
        state: a folder of this stack's own, for logs and certificates.
        settings: app settings over those made here, e.g. of a real model.
        model: the command of a model server, which gets `--port N` and answers GET /healthz when ready.
        model_url: or the address of one that runs; with neither, `settings` name the model.
        function: the function that the event subscription calls; None: no subscription.

    Raises:
        AlreadyRunning: another stack uses `state`.
        ChildFailed: a part did not start; also raised at the end if a part died meanwhile.

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
        function: str | None = "describe_on_upload",
    ) -> None:
        self._app = app.resolve()
        self._state = state.resolve()
        self._settings = dict(settings or {})
        self._model = model
        self._model_url = model_url
        self._function = function
        self._inherited = environment.clean()
        self._backends: list[Child] = []
        self._front: list[Child] = []
        self._lock: IO[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a client's process needs to use the stand-ins through azure-identity and the SDKs."""
        return {**self.storage.environment, "NO_PROXY": "127.0.0.1,localhost"}

    def __enter__(self) -> Self:
        self._take_state()
        try:
            self._start()
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
        """Start the parts beside each other; each that needs another waits for it itself."""
        blob, queue, table, identity, model, host = ports.free_ports(6)
        self.storage, self._backends = storage.start(self._state, self._inherited, (blob, queue, table, identity))
        if self._model:
            self._model_url = f"http://127.0.0.1:{model}"
            self._backends.append(self._start_model(self._model, model))
        self.addresses = Addresses(
            http=f"http://127.0.0.1:{host}",
            key=children.secret(),
            blob=self.storage.blob_url,
            queue=self.storage.url("queue", self.storage.host),
            identity=self.storage.identity.endpoint,
            model=self._model_url or "",
            ca=str(self.storage.certificate.ca),
        )
        self._front.append(self._start_host(host))
        if self._function:
            self._front.append(self._start_eventgrid(self._function))
        for child in self._backends[:2]:
            child.wait_until_ready()
        self.storage.create_container(IMAGES_CONTAINER)
        self.storage.create_container(DESCRIPTIONS_CONTAINER)
        self.storage.create_queue(WORK_QUEUE)
        for child in (*self._backends, *self._front):
            child.wait_until_ready()

    def _start_model(self, command: Sequence[str], port: int) -> Child:
        ready = children.answers(f"http://127.0.0.1:{port}/healthz")
        return self._child("model", [*command, "--port", str(port)], self._inherited, ready)

    def _start_host(self, port: int) -> Child:
        command = children.module("local.host", "--app", str(self._app), "--port", str(port))
        ready = children.answers(f"{self.addresses.http}/admin/host/status")
        return self._child(
            "host", command, {**self._inherited, **self._app_settings(), "HOST_KEY": self.addresses.key}, ready
        )

    def _start_eventgrid(self, function: str) -> Child:
        where = self.addresses
        webhook = f"{where.http}/runtime/webhooks/blobs?functionName={FUNCTION.format(function)}&code={where.key}"
        command = children.module(
            "local.eventgrid",
            *("--log", str(self.storage.access_log)),
            *("--account", self.storage.images),
            *("--blob-service", where.blob),
            *("--subject-begins-with", f"/blobServices/default/containers/{IMAGES_CONTAINER}/blobs/"),
        )
        told = {**self._inherited, **self.storage.environment, "EVENTGRID_ENDPOINT": webhook}
        return self._child("eventgrid", command, told, children.says(self._log("eventgrid"), eventgrid.ACTIVE))

    def _child(self, name: str, command: Sequence[str], told: Mapping[str, str], ready: children.Ready) -> Child:
        return Child(name, command, environment=told, log=self._log(name), ready=ready)

    def _log(self, name: str) -> Path:
        return self._state / "logs" / f"{name}.log"

    def _app_settings(self) -> dict[str, str]:
        images, host = self.storage.images, self.storage.host
        return {
            **self.storage.environment,
            **self.storage.connection("IMAGES", images),
            **self.storage.connection("AzureWebJobsStorage", host),
            "IMAGES_CONTAINER": IMAGES_CONTAINER,
            "DESCRIPTIONS_CONTAINER": DESCRIPTIONS_CONTAINER,
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
        """First what works, then what it works with."""
        children.end(self._front)
        children.end(self._backends)
        if self._lock is not None:
            self._lock.close()
