"""Checks the model with the usual request, a harmless picture, and a cap that costs almost nothing."""

import asyncio
import re
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ClientAuthenticationError
from openai import APIConnectionError, APIError, APIStatusError, AsyncOpenAI

from describer.adapters.chat import faults, requests, responses
from describer.adapters.chat.client import completion
from describer.adapters.chat.dialect import Dialects
from describer.adapters.chat.probe_picture import probe_picture
from describer.domain.errors import Declined, ImageRejected, Transient
from describer.pipeline.ports import ProbeResult, Verdict
from describer.settings import ModelServer, Provider
from describer.vision.brief import Brief
from describer.vision.families import Family
from describer.vision.pricing import price

_CAP: Final = 16
"""Tokens of the answer; a truncated answer proves as much as a whole one."""
_TIMEOUT: Final = 8.0
"""Seconds; a local server may have to load its model first."""

_ROLE: Final = (
    "Give the identity the role Cognitive Services OpenAI User on the resource; a new role takes some minutes."
)
_FIREWALL: Final = (
    "The resource's network rules exclude this machine; a role does not help. See Networking in the portal, or check "
    "the private endpoint and its name."
)
_BLOCKED: Final = (
    "The resource itself is blocked; a role does not help. Azure's notice to the subscription's owner says why, and "
    "its support can lift the block."
)
_DEPLOYMENT: Final = (
    "Compare the endpoint and the deployment's name with the resource's: "
    "`az cognitiveservices account deployment list`."
)
_QUOTA: Final = "Work waits until it answers. Check the deployment's quota, and the service's health in the portal."
_OF_ABUSE: Final = re.compile(r"block|suspend|disabled|abuse|violat|content polic", re.IGNORECASE)
_OF_MODEL: Final = re.compile(r"model", re.IGNORECASE)
_V1: Final = re.compile(r"/v\d+[a-z]*$")


@dataclass(frozen=True, slots=True)
class ModelProbe:
    """Sends the model a picture of a sun over a meadow.

    Args:
        server: its address and protocol, which determine the advice.
    """

    client: AsyncOpenAI
    server: ModelServer
    brief: Brief
    family: Family
    name: str = "model"

    async def check(self) -> ProbeResult:
        """Send one request of about 1,000 tokens: tests endpoint, deployment, role, quota, parameters, vision."""
        dialects = Dialects()
        request = requests.description(self.brief, probe_picture(), _CAP, self.family)
        try:
            async with asyncio.timeout(_TIMEOUT):
                response = await dialects.ask(request, partial(completion, self.client))
            reply = responses.reply(response.content, self.server.model)
        except TimeoutError:
            advice = _QUOTA if self._on_azure else "It may be loading the model; the first picture then waits for it."
            return ProbeResult(Verdict.UNKNOWN, f"No answer in {_TIMEOUT:g} s.", advice)
        except APIError as error:
            return self._failed(error)
        except ClientAuthenticationError:
            return ProbeResult(
                Verdict.FAILED, "No identity is signed in for the model.", "See the check of the identity."
            )
        except (Declined, ValueError):
            sentence = f"The server at {self._address} sent something that is not a completion."
            return ProbeResult(Verdict.FAILED, sentence, self._no_server())
        except AzureError as error:
            raise Transient(f"The model's server gave no usable answer ({type(error).__name__})") from error
        summary = self._summary(reply, response.headers.get("x-ms-region", ""))
        unknown = ", ".join(dialects.of(self.server.model).differences())
        return ProbeResult(
            Verdict.OK, f"{summary} Its requests differ from its family's: {unknown}." if unknown else summary
        )

    @property
    def _address(self) -> str:
        parts = urlsplit(self.server.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"

    @property
    def _on_azure(self) -> bool:
        return self.server.provider is Provider.AZURE

    def _summary(self, reply: responses.Reply, region: str) -> str:
        answered = f"{reply.model} answered{f' from {region}' if region else ''}"
        tokens = reply.usage.prompt_tokens + reply.usage.completion_tokens
        if not tokens:
            return f"{answered}."
        paid = price(self.family, reply.usage)
        cost = "" if paid is None else f", about {paid:.6f} USD"
        return f"{answered}; this check took {tokens} tokens{cost}."

    def _failed(self, error: APIError) -> ProbeResult:
        fault = faults.fault(error)
        said = fault.sentence
        if isinstance(fault, ImageRejected):
            advice = "The model's service answers, but does not accept even a harmless picture."
            return ProbeResult(Verdict.UNKNOWN, said, advice)
        if isinstance(error, APIConnectionError):
            why = f" ({reason})" if (reason := faults.reason(error)) else ""
            found = f"The model's server at {self._address} cannot be reached{why}."
            return ProbeResult(Verdict.FAILED, found, self._unreachable())
        status = error.status_code if isinstance(error, APIStatusError) else 0
        return ProbeResult(Verdict.FAILED, said, self._advice(status, f"{error.code} {error.message}"))

    def _advice(self, status: int, said: str) -> str:
        """Return advice by the service's status and message."""
        if status in {401, 403}:
            return self._access(status, said)
        if status in {404, 405}:
            return _DEPLOYMENT if self._on_azure else self._no_model(said)
        if status in {400, 422}:
            return (
                "The deployment must accept pictures; MODEL_FAMILY must name the model behind it."
                if self._on_azure
                else f"The model {self.server.model} must accept pictures; read the server's message."
            )
        if self._on_azure:
            return _QUOTA
        return "Read the server's message and its log; if it is loading the model, try again in a minute."

    def _access(self, status: int, said: str) -> str:
        if not self._on_azure:
            key = "another OPENAI_API_KEY" if self.server.key else "OPENAI_API_KEY"
            return (
                f"Set {key}: the server requires a valid key."
                if status == 401
                else "Ask the server's operator for access."
            )
        if faults.OF_NETWORK.search(said):
            return _FIREWALL
        if status == 403 and _OF_ABUSE.search(said):
            return _BLOCKED
        return _ROLE if not self.server.key else "Set another AZURE_OPENAI_API_KEY, or none, to sign in with a token."

    def _no_model(self, said: str) -> str:
        if _OF_MODEL.search(said) and "DeploymentNotFound" not in said:
            lists = f"`curl {self._address}/models` lists what it has"
            return f"The server has no model {self.server.model}; {lists}; set OPENAI_MODEL."
        return self._no_server()

    def _no_server(self) -> str:
        if self._on_azure:
            return "Compare AZURE_OPENAI_ENDPOINT with the resource's endpoint in the portal."
        if not _V1.search(self._address):
            return f"OPENAI_BASE_URL usually ends with /v1: try {self._address}/v1."
        return (
            f"Compare OPENAI_BASE_URL with the server's documentation: `curl {self._address}/models` must list models."
        )

    def _unreachable(self) -> str:
        if self._on_azure:
            return "Compare AZURE_OPENAI_ENDPOINT with the resource's endpoint, and check the network in between."
        return f"Start the server, or correct OPENAI_BASE_URL: `curl {self._address}/models` must answer."
