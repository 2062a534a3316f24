"""Azure OpenAI's errors, by name.

Bodies follow Microsoft's reference and responses that users pasted into public issues. Messages are shortened where
nothing depends on them: callers must judge by status and `code`.
"""

import math

from local.azure_openai.answers import Answer, Fault, Json

_JSON = "application/json"


class Rejected(Exception):
    """A request that ends before it reaches the model.

    Args:
        fault: the response.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.status)
        self.fault = fault


def error(status: int, message: str, code: str | None, param: str | None = None) -> Fault:
    """Return an error in the form of OpenAI's own checks."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return Fault(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})


def gateway_error(status: int, code: str, message: str) -> Fault:
    """Return an error in the shorter form of Azure's gateway, which comes before OpenAI's checks."""
    return Fault(status, {"error": {"code": code, "message": message}})


def unauthorized() -> Fault:
    """Return 401 for a token that is absent, expired or for another audience. It has no `error` object."""
    reason = (
        "Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or expired."
    )
    return Fault(401, {"statusCode": 401, "message": f"Unauthorized. {reason}"})


def wrong_key() -> Fault:
    """Return 401 for a wrong `api-key`, or for neither key nor token."""
    return gateway_error(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")


def permission_denied() -> Fault:
    """Return 401 for an identity without the role: Azure sends 401 here, not 403."""
    action = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"
    return gateway_error(401, "PermissionDenied", f"The principal `0000` lacks the required data action `{action}`.")


def deployment_not_found() -> Fault:
    """Return 404 for a deployment that does not exist, or not yet."""
    message = "The API deployment for this resource does not exist. If you created it just now, try again in 5 minutes."
    return gateway_error(404, "DeploymentNotFound", message)


def text_only_deployment() -> Fault:
    """Return 400 for pictures sent to a model without vision: the installation's fault, not the picture's."""
    message = "Invalid content type. image_url is only supported by certain models."
    return error(400, message, None, "messages.[0].content.[1].type")


def rate_limited(retry_after: float = 60.0) -> Fault:
    """Return 429 with both of Azure's headers.

    Args:
        retry_after: seconds; `retry-after` rounds them up, `retry-after-ms` holds them exactly.
    """
    seconds = math.ceil(retry_after)
    message = f"Requests have exceeded the call rate limit of this deployment. Please retry after {seconds} seconds."
    body: Json = {"error": {"code": "RateLimitReached", "message": message}}
    return Fault(429, body, {"retry-after": str(seconds), "retry-after-ms": str(math.ceil(retry_after * 1000))})


def content_filter_prompt() -> Fault:
    """Return 400 for a picture or prompt that the filter blocked."""
    result = {"sexual": {"filtered": True, "severity": "high"}, "jailbreak": {"filtered": False, "detected": False}}
    detail = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": result}
    message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
    rest: Json = {"type": None, "param": "prompt", "code": "content_filter", "status": 400, "innererror": detail}
    return Fault(400, {"error": {"message": message, **rest}})


def content_filter_answer(content: str = "") -> Answer:
    """Return 200 with an answer that the filter removed, or truncated at `content`."""
    return Answer(content, finish_reason="content_filter")


def refused(words: str = "I'm sorry, I can't help with that.") -> Answer:
    """Return 200 with the model's own refusal and no content."""
    return Answer(None, refusal=words)


def cut_off(content: str = '{"image_kind": "pho') -> Answer:
    """Return 200 with JSON that ends in the middle, because the token limit was reached."""
    return Answer(content, finish_reason="length")


def invalid_image(code: str = "invalid_image_format", param: str | None = None) -> Fault:
    """Return 400 for a picture that is rejected.

    Args:
        code: `invalid_image_format`, `image_parse_error`, `invalid_base64_image`, `invalid_image_url`,
            `image_file_too_large` (bytes), `image_too_large` (pixels), `unsupported_image_media_type`, ...
        param: where in the body.
    """
    message = (
        "You uploaded an unsupported image. Please make sure that it is below 20 MB and is a png, jpeg, gif or webp."
    )
    return error(400, message, code, param)


def server_error(status: int = 500) -> Fault:
    """Return 500, 502, 503 or 504."""
    return error(status, "The server had an error while processing your request. Sorry about that!", "server_error")


def not_json(content_type: str = _JSON) -> Fault:
    """Return 200 with a web page as the body, as proxies do."""
    return Fault(200, "<!doctype html><title>Please sign in</title>", {"content-type": content_type})


def breaks_off(content: str, after: int, fault: Fault | None = None) -> Answer:
    """Return 200 with a stream that ends after so many pieces: the connection breaks, or an error follows."""
    return Answer(content, breaks_after=after, broken=fault)


def hang(seconds: float) -> Fault:
    """Send nothing for so many seconds (or until the caller disconnects), then close the connection."""
    return Fault(200, "", delay=seconds, dropped=True)


def disconnect() -> Fault:
    """Close the connection after the answer's headers."""
    return Fault(200, "", dropped=True)
