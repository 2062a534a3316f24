"""What each answer of the model's server means. Judged by status and code, never by the message's words."""

import re
from typing import Final

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError
from openai.types.chat import ChatCompletion
from pydantic import ValidationError

from describer.adapters import retry_after
from describer.domain.description import Description
from describer.domain.errors import (
    Corrupt,
    DescriberError,
    Filtered,
    ImageRejected,
    Misconfigured,
    TooLarge,
    Transient,
    Unsupported,
)
from describer.domain.record import Usage
from describer.vision.answer import Answer
from describer.vision.brief import Brief

_REFUSALS: Final[dict[str, type[ImageRejected]]] = {
    "content_filter": Filtered,
    "content_policy_violation": Filtered,
    "image_content_policy_violation": Filtered,
    "image_too_large": TooLarge,
    "image_file_too_large": TooLarge,
    "image_too_small": Unsupported,
    "unsupported_image_media_type": Unsupported,
    "invalid_image_format": Unsupported,
    "invalid_image": Corrupt,
    "invalid_image_url": Corrupt,
    "invalid_base64_image": Corrupt,
    "image_parse_error": Corrupt,
    "empty_image_file": Corrupt,
}
"""Codes that speak of this picture (OpenAI and Azure OpenAI error references)."""

_PASSING: Final = frozenset({408, 409, 429})

_UNREAD: Final = frozenset({400, 422})
"""The request as such was understood to be for this deployment, and something in it was not."""

_PARAMETERS: Final = frozenset(
    {
        "unsupported_parameter",
        "unsupported_value",
        "unknown_parameter",
        "invalid_parameter",
        "missing_required_parameter",
        "model_not_found",
        "unsupported_api_version",
        "OperationNotSupported",
        "DeploymentNotFound",
    }
)
"""Codes that speak of what is sent with every picture, or of what it is sent to."""

_WORD: Final = re.compile(r"[\w.\[\]-]{1,64}")
"""A code, or what in a request is at fault, such as `max_tokens`: words of the protocol, which may be logged."""


def read(completion: ChatCompletion, brief: Brief, usage: Usage) -> Answer:
    """The answer in a completion that was not cut off.

    Raises:
        Filtered: the content filter stopped the answer.
        Transient: the answer is not in the form that was asked for; another try may be.
    """
    choice = completion.choices[0]
    if choice.finish_reason == "content_filter":
        raise Filtered("The content filter of the model's service stopped the answer.")
    if choice.message.refusal:
        return Answer(completion.model, usage, refusal=choice.message.refusal)
    try:
        description = Description.model_validate_json(choice.message.content or "")
    except ValidationError as error:
        raise Transient("the model's answer is not of the form that was asked for", counts_as_attempt=True) from error
    if missing := set(brief.languages) - description.texts.keys():
        raise Transient(f"the model's answer lacks the language {', '.join(sorted(missing))}", counts_as_attempt=True)
    return Answer(completion.model, usage, description)


def added(usage: Usage, completion: ChatCompletion) -> Usage:
    """`usage` with one more call."""
    tokens = completion.usage
    return Usage(
        prompt_tokens=usage.prompt_tokens + (tokens.prompt_tokens if tokens else 0),
        completion_tokens=usage.completion_tokens + (tokens.completion_tokens if tokens else 0),
        calls=usage.calls + 1,
    )


def fault(error: APIError) -> DescriberError:
    """The meaning of an error that the SDK raised."""
    if isinstance(error, APITimeoutError):
        return Transient("the model's server took too long", counts_as_attempt=True)
    if isinstance(error, APIConnectionError):
        return Transient("the model's server cannot be reached")
    if not isinstance(error, APIStatusError):
        return Transient(f"the model's server answered something else than agreed ({type(error).__name__})")
    return _meaning(error)


def _meaning(error: APIStatusError) -> DescriberError:
    status, code = error.status_code, error.code or ""
    words = [word for word in (code, error.param or "") if _WORD.fullmatch(word)]
    answered = " ".join([f"the model's server answered {status}", *words])
    if status in _PASSING or status >= 500:
        # A 500 may come of this picture; a gateway's 502 to 504 and a rate limit do not.
        return Transient(
            answered, retry_after=retry_after.seconds(error.response.headers), counts_as_attempt=status == 500
        )
    if code in _REFUSALS:
        return _REFUSALS[code](f"The model's service does not take this picture ({status} {code}).")
    if status == 413:
        return TooLarge("The model's service finds the request too large (413).")
    if _of_the_installation(error):
        return Misconfigured(answered, quoting=error.message)
    return Transient(answered, counts_as_attempt=True, quoting=error.message)


def _of_the_installation(error: APIStatusError) -> bool:
    """Whether every picture would get this answer. In doubt it counts against this one, and none is tried for ever.

    `param` says what in the request is at fault. Outside of the messages it is a parameter of ours; a part's `type` is
    one that a model without eyes does not know, and its `detail` is a setting.
    """
    where = error.param or ""
    ours = bool(where) and not where.startswith(("messages", "prompt"))
    return error.status_code not in _UNREAD or error.code in _PARAMETERS or ours or where.endswith((".type", ".detail"))
