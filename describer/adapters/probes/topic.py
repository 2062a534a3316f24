"""The custom topic."""

from dataclasses import dataclass
from typing import Any, Final

from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from describer.ports import Finding, Verdict

_SCOPE: Final = "https://eventgrid.azure.net/.default"
_VERSION: Final = "2018-01-01"
_BATCH: Final = "application/cloudevents-batch+json; charset=utf-8"
_MEND: Final = "Compare EVENTS_TOPIC_ENDPOINT with the topic's endpoint; meanwhile events wait in unpublished-events."

type Client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse]


def connect(
    endpoint: str, credential: AsyncTokenCredential, transport: AsyncHttpTransport[Any, Any] | None = None
) -> Client:
    """A client beside the SDK's, which cannot send a batch of none; `transport` is azure-core's usual one."""
    policies = [AsyncBearerTokenCredentialPolicy(credential, _SCOPE)]
    return AsyncPipelineClient(endpoint, policies=policies, transport=transport)


@dataclass(frozen=True, slots=True)
class TopicProbe:
    """Publishes a batch of no events: nobody gets anything."""

    client: Client
    endpoint: str
    name: str = "topic"

    async def look(self) -> Finding:
        """One POST of `[]`."""
        request = HttpRequest(
            "POST", self.endpoint, params={"api-version": _VERSION}, headers={"Content-Type": _BATCH}, content="[]"
        )
        try:
            response = await self.client.send_request(request)
        except ClientAuthenticationError:
            return Finding(Verdict.FAILED, "Nobody is signed in for the topic.", "See the check of the identity.")
        except AzureError as error:
            said = f"{self.endpoint} cannot be reached ({type(error).__name__})."
            return Finding(Verdict.FAILED, said, _MEND)
        return _meaning(response.status_code)


def _meaning(status: int) -> Finding:
    said = f"It answered {status} to a batch of no events."
    if status in {401, 403}:
        return Finding(Verdict.FAILED, said, "Give the identity the role EventGrid Data Sender on the topic.")
    if status == 404:
        return Finding(Verdict.FAILED, said, _MEND)
    if status == 200:
        return Finding(Verdict.OK, "It let us in.")
    if status == 400:
        return Finding(Verdict.UNKNOWN, said, "It is there, but whether we may publish cannot be told from that.")
    return Finding(Verdict.FAILED, said, "Try again in a minute.")
