"""The custom topic."""

from dataclasses import dataclass
from typing import Any, Final

from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from describer.pipeline.ports import ProbeResult, Verdict

_SCOPE: Final = "https://eventgrid.azure.net/.default"
_VERSION: Final = "2018-01-01"
_BATCH: Final = "application/cloudevents-batch+json; charset=utf-8"
_MEND: Final = "Compare EVENTS_TOPIC_ENDPOINT with the topic's endpoint; meanwhile events wait in unpublished-events."

type Client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse]


def connect(
    endpoint: str, credential: AsyncTokenCredential, transport: AsyncHttpTransport[Any, Any] | None = None
) -> Client:
    """Return a client beside the SDK's, which cannot send a batch of none; `transport` is azure-core's usual one."""
    policies = [AsyncBearerTokenCredentialPolicy(credential, _SCOPE)]
    return AsyncPipelineClient(endpoint, policies=policies, transport=transport)


@dataclass(frozen=True, slots=True)
class TopicProbe:
    """Publishes a batch of no events: nobody gets anything."""

    client: Client
    endpoint: str
    name: str = "topic"

    async def check(self) -> ProbeResult:
        """Send one POST of `[]`."""
        request = HttpRequest(
            "POST", self.endpoint, params={"api-version": _VERSION}, headers={"Content-Type": _BATCH}, content="[]"
        )
        try:
            response = await self.client.send_request(request)
        except ClientAuthenticationError:
            return ProbeResult(Verdict.FAILED, "Nobody is signed in for the topic.", "See the check of the identity.")
        except AzureError as error:
            said = f"{self.endpoint} cannot be reached ({type(error).__name__})."
            return ProbeResult(Verdict.FAILED, said, _MEND)
        return _meaning(response.status_code)


def _meaning(status: int) -> ProbeResult:
    said = f"It answered {status} to a batch of no events."
    if status in {401, 403}:
        return ProbeResult(Verdict.FAILED, said, "Give the identity the role EventGrid Data Sender on the topic.")
    if status == 404:
        return ProbeResult(Verdict.FAILED, said, _MEND)
    if status == 200:
        return ProbeResult(Verdict.OK, "It let us in.")
    if status == 400:
        return ProbeResult(Verdict.UNKNOWN, said, "It is there, but whether we may publish cannot be told from that.")
    return ProbeResult(Verdict.FAILED, said, "Try again in a minute.")
