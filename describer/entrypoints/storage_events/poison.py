"""Uploads that the Functions host gave up on after five tries of its blob trigger become work.

That trigger tries at once and without a pause, so an upload comes here for what passes: storage that took no message
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
"""How the host's name of the blob trigger's function ends: `Host.Functions.describe_on_upload`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoisonHandler:
    """Reads `webjobs-blobtrigger-poison`.

    Args:
        container: the one that the blob trigger watches. Other apps may keep their poison in the same account.
        work: `image-work`.
    """

    container: str
    work: Queue

    async def handle_upload_poison(self, body: bytes) -> None:
        """A message in the blob trigger's own shape.

        Raises:
            Unreadable: it is no upload that this app's blob trigger was told of.
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
                raise Unreadable("it is no upload that this app's blob trigger was told of")
