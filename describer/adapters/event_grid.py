"""Publishers: Event Grid's custom topic, an unset topic, and no topic."""

from dataclasses import dataclass
from typing import Any, Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.messaging import CloudEvent
from azure.eventgrid.aio import EventGridPublisherClient

from describer.adapters.transport import Transport
from describer.domain.errors import Misconfigured, NotNow, Transient
from describer.domain.image_blob import StoredRecord

_PASSING: Final = frozenset({408, 429})
_RETRY_TOTAL: Final = 1
_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 15


def connect(endpoint: str, credential: AsyncTokenCredential) -> EventGridPublisherClient:
    """Return a client to be shared. It retries once; longer waits are left to the queue.

    The SDK's own connection timeout, five minutes, would exceed the host's functionTimeout.
    """
    return EventGridPublisherClient(
        endpoint,
        credential,
        retry_total=_RETRY_TOTAL,
        transport=Transport(connection_timeout=_CONNECT_SECONDS, read_timeout=_ANSWER_SECONDS),
    )


@dataclass(frozen=True, slots=True)
class GridTopic:
    """Implements the port `Publisher` with a custom topic for CloudEvents."""

    client: EventGridPublisherClient

    async def publish(self, event: dict[str, Any]) -> None:
        """Send one POST."""
        try:
            await self.client.send(CloudEvent.from_dict(event))
        except HttpResponseError as error:
            raise _meaning(error) from error
        except AzureError as error:  # no response
            raise Transient(f"The topic cannot be reached ({type(error).__name__})") from error


class Unset:
    """The port `Publisher` without a configured topic: earlier events stay in their queue."""

    async def publish(self, _event: dict[str, Any], /) -> None:
        raise Misconfigured("EVENTS_TOPIC_ENDPOINT is not set; events wait in the queue unpublished-events")


class NoTopic:
    """The port `Topic`, disabled."""

    async def publish(self, stored: StoredRecord) -> None:
        """Do nothing."""


def _meaning(error: HttpResponseError) -> NotNow:
    status = error.status_code
    if isinstance(error, ClientAuthenticationError) or status in {401, 403}:
        return Misconfigured(f"The topic answered {status}; the app's identity lacks the role EventGrid Data Sender")
    if status is None or status >= 500 or status in _PASSING:
        return Transient(f"The topic answered {status}")
    return Misconfigured(f"The topic answered {status}: {error.reason}")
