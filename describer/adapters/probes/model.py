"""The model: one question that costs next to nothing."""

from dataclasses import dataclass
from typing import Any, Final

from azure.core.exceptions import AzureError, ClientAuthenticationError
from openai import APIError, APIStatusError, AsyncOpenAI
from openai.types.chat import ChatCompletion

from describer.adapters.chat import faults
from describer.domain.errors import ImageRejected, Transient
from describer.pipeline.ports import ProbeResult, Verdict
from describer.vision.families import Family
from describer.vision.pricing import price

_CAP: Final = 16
"""Tokens of the answer; an answer that is cut off proves as much as a whole one."""

# A white square of 32 by 32 pixels: one patch, so that a deployment which takes no pictures is found out.
_PICTURE: Final = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKElEQVR42u3NQQEAAAQEMPTvfErw2wqsk9SnqWcCgUAgEAgE"
    "AoHgygLH8QM9BsqtpQAAAABJRU5ErkJggg=="
)
_ROLE: Final = (
    "Give the identity the role Cognitive Services OpenAI User on the resource; a new role takes some minutes."
)
_ADVICE: Final = {
    401: _ROLE,
    403: _ROLE,
    404: "Compare the endpoint and the deployment's name with the resource's: "
    "`az cognitiveservices account deployment list`.",
    400: "The deployment must take pictures; MODEL_FAMILY must name the model behind it.",
}


@dataclass(frozen=True, slots=True)
class ModelProbe:
    """Shows the model one patch of white, and asks for a word.

    Args:
        model: the deployment's or model's name.
        family: which request parameters the model takes, and what it costs.
    """

    client: AsyncOpenAI
    model: str
    family: Family
    name: str = "model"

    async def check(self) -> ProbeResult:
        """Make one call of about thirty tokens, which tests endpoint, deployment, role, quota and pictures."""
        try:
            response = await self.client.chat.completions.with_raw_response.create(**self._request())
            completion: object = response.parse()
        except APIError as error:
            return _failed(error)
        except ClientAuthenticationError:
            return ProbeResult(Verdict.FAILED, "Nobody is signed in for the model.", "See the check of the identity.")
        except (AzureError, ValueError) as error:
            raise Transient(f"The model's server gave no usable answer ({type(error).__name__})") from error
        if not isinstance(completion, ChatCompletion):
            raise Transient("The model's server answered something that is no completion")
        return ProbeResult(Verdict.OK, self._summary(completion, response.headers.get("x-ms-region", "")))

    def _request(self) -> dict[str, Any]:
        content = [
            {"type": "text", "text": "Which colour? One word."},
            {"type": "image_url", "image_url": {"url": _PICTURE, "detail": "low"}},
        ]
        request: dict[str, Any] = {"model": self.model, "messages": [{"role": "user", "content": content}]}
        request[self.family.request.cap] = _CAP
        if self.family.request.effort:
            request["reasoning_effort"] = self.family.request.effort
        return request

    def _summary(self, completion: ChatCompletion, region: str) -> str:
        answered = f"{completion.model} answered{f' from {region}' if region else ''}"
        usage = completion.usage
        if usage is None:
            return f"{answered}."
        paid = price(self.family, usage.prompt_tokens, usage.completion_tokens)
        cost = "" if paid is None else f", about {paid:.6f} USD"
        return f"{answered}; this check took {usage.total_tokens} tokens{cost}."


def _failed(error: APIError) -> ProbeResult:
    fault = faults.fault(error)
    said = str(fault).rstrip(".") + "."
    if isinstance(fault, ImageRejected):
        return ProbeResult(Verdict.UNKNOWN, said, "The model's service answers, but takes not even a white square.")
    if isinstance(error, APIStatusError) and error.status_code in _ADVICE:
        return ProbeResult(Verdict.FAILED, said, _ADVICE[error.status_code])
    advice = "Work waits until it answers. Look at the deployment's quota, and at the service's health in the portal."
    return ProbeResult(Verdict.FAILED, said, advice)
