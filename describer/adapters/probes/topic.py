"""Checks the custom topic."""

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
_ADVICE: Final = "Compare EVENTS_TOPIC_ENDPOINT with the topic's endpoint; meanwhile events wait in unpublished-events."

type Client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse]


def connect(
    endpoint: str, credential: AsyncTokenCredential, transport: AsyncHttpTransport[Any, Any] | None = None
) -> Client:
    """Return a client of its own, since the SDK's cannot send an empty batch; `transport`: azure-core's default."""
    policies = [AsyncBearerTokenCredentialPolicy(credential, _SCOPE)]
    return AsyncPipelineClient(endpoint, policies=policies, transport=transport)


@dataclass(frozen=True, slots=True)
class TopicProbe:
    """Publishes an empty batch, which delivers nothing."""

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
            return ProbeResult(
                Verdict.FAILED, "No identity is signed in for the topic.", "See the check of the identity."
            )
        except AzureError as error:
            said = f"{self.endpoint} cannot be reached ({type(error).__name__})."
            return ProbeResult(Verdict.FAILED, said, _ADVICE)
        return _meaning(response.status_code)


def _meaning(status: int) -> ProbeResult:
    said = f"It answered {status} to an empty batch."
    if status in {401, 403}:
        return ProbeResult(Verdict.FAILED, said, "Give the identity the role EventGrid Data Sender on the topic.")
    if status == 404:
        return ProbeResult(Verdict.FAILED, said, _ADVICE)
    if status == 200:
        return ProbeResult(Verdict.OK, "Accessible.")
    if status == 400:
        return ProbeResult(
            Verdict.UNKNOWN, said, "It exists, but this answer does not show whether the app may publish."
        )
    return ProbeResult(Verdict.FAILED, said, "Try again in a minute.")
