"""Re-queues uploads that the Functions host gave up after five tries of its blob trigger.

The trigger retries at once without a pause, so uploads fail there for passing reasons: storage that rejected a message
at that moment, or an app that was killed.
"""

import logging
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import InvalidName
from describer.domain.image_ref import ImageRef
from describer.pipeline import messages
from describer.pipeline.events import Work
from describer.pipeline.messages import Unreadable
from describer.pipeline.ports import Queue

RETURNED: Final = "work.returned"
_UPLOADS: Final = ".describe_on_upload"
"""End of the host's name for the blob trigger's function, `Host.Functions.describe_on_upload`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoisonHandler:
    """Handles the queue `webjobs-blobtrigger-poison`.

    Args:
        container: the container that the blob trigger watches. Other apps may use the queue in the same account.
        work: `image-work`.
    """

    container: str
    work: Queue

    async def handle_upload_poison(self, body: bytes) -> None:
        """Re-queue the upload of a blob trigger's poison message.

        Raises:
            Unreadable: it is not an upload for this app's blob trigger.
        """
        work = Work.first(self._upload(body))
        await self.work.send(work.to_message(), delay=0)
        _log.warning(RETURNED, extra={"picture": work.ref})

    def _upload(self, body: bytes) -> ImageRef:
        match messages.read(body):
            case {"FunctionId": str(function), "ContainerName": str(container), "BlobName": str(name)} if (
                function.endswith(_UPLOADS) and container == self.container and name
            ):
                try:
                    return ImageRef(container, name)
                except InvalidName as error:
                    raise Unreadable(str(error)) from error
            case _:
                raise Unreadable("It is not an upload for this app's blob trigger")
