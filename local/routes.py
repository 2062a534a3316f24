"""The routes by which changes in Blob Storage reach the app; a deployment has exactly one.

| route | Event Grid delivers to | by |
| --- | --- | --- |
| `blobTrigger` | the blobs webhook of `describe_on_upload` | its key; BlobCreated of one container |
| `queue` | the queue `image-work` of the host's account | managed identity; BlobCreated and BlobDeleted |
| `eventGridTrigger` | the Event Grid webhook of `on_storage_event` | its key; BlobCreated and BlobDeleted |
"""

from dataclasses import dataclass
from typing import Literal, get_args

from local.eventgrid.events import CREATED, DELETED, Schema, subject

type Name = Literal["blobTrigger", "queue", "eventGridTrigger"]
NAMES: tuple[Name, ...] = get_args(Name.__value__)

WORK_QUEUE = "image-work"
FUNCTIONS: dict[Name, str] = {"blobTrigger": "describe_on_upload", "eventGridTrigger": "on_storage_event"}


@dataclass(frozen=True, slots=True)
class Route:
    """One subscription to the account with the pictures.

    Args:
        name: one of the three.
        schema: of the delivered events.
        containers: whose blobs have events.
        function: the function that a webhook calls, if not the usual one.

    Raises:
        ValueError: the blobs webhook cannot receive this in Azure.

    """

    name: Name = "blobTrigger"
    schema: Schema = Schema.EVENT_GRID
    containers: tuple[str, ...] = ("images",)
    function: str | None = None

    def __post_init__(self) -> None:
        if self.name == "blobTrigger" and (self.schema is not Schema.EVENT_GRID or len(self.containers) != 1):
            raise ValueError("the route blobTrigger has one container, and Event Grid's own schema")

    def webhook(self, host: str, key: str) -> str | None:
        """Return the endpoint with its key, or None for the queue."""
        function = self.function or FUNCTIONS.get(self.name)
        match self.name:
            case "blobTrigger":
                return f"{host}/runtime/webhooks/blobs?functionName=Host.Functions.{function}&code={key}"
            case "eventGridTrigger":
                return f"{host}/runtime/webhooks/eventgrid?functionName={function}&code={key}"
            case "queue":
                return None

    def arguments(self, queues: str) -> list[str]:
        """Return local.eventgrid's arguments; `queues` is the queue service of the host's account."""
        types = [CREATED] if self.name == "blobTrigger" else [CREATED, DELETED]
        arguments = ["--schema", self.schema]
        for kind in types:
            arguments += ["--event-type", kind]
        for container in self.containers:
            arguments += ["--subject-begins-with", subject(container)]
        if self.name == "queue":
            arguments += ["--queue", f"{queues}/{WORK_QUEUE}"]
        return arguments
