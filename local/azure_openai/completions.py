"""The body of an answer with status 200: choices, filter results, usage."""

import time
import uuid

from local.azure_openai.answers import Answer, Json, Request
from local.azure_openai.tokens import CHARACTERS_PER_TOKEN, image_tokens, schema_tokens, text_tokens

CACHED_FROM = 1024
"""Minimum tokens of a prompt for it to be cached."""
_HARMS = ("hate", "self_harm", "sexual", "violence")


def prompt_tokens(request: Request) -> int:
    """Estimate the prompt's tokens: its texts, the schema of the answer, and its pictures by GPT-5.6's rule."""
    schema = schema_tokens(request.schema) if request.schema else 0
    pictures = sum(image_tokens(image.width, image.height, image.detail) for image in request.images)
    return sum(text_tokens(prompt) for prompt in request.prompts) + schema + pictures


def completion(request: Request, answer: Answer, model: str) -> Json:
    """Return the completion in Azure's form; an answer over the caller's limit is truncated, as a model's would be."""
    content, finish_reason = _limited(answer, request.max_tokens)
    asked, answered = prompt_tokens(request), text_tokens(content or answer.refusal or "")
    message: Json = {"role": "assistant", "content": content, "refusal": answer.refusal, "annotations": []}
    if request.tool and content is not None:
        function = {"name": request.tool, "arguments": content}
        calls = [{"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}]
        message |= {"content": None, "tool_calls": calls}
        finish_reason = "tool_calls" if finish_reason == "stop" else finish_reason
    choice = {
        "index": 0,
        "finish_reason": finish_reason,
        "logprobs": None,
        "message": message,
        "content_filter_results": _filter_results(
            filtered=finish_reason == "content_filter", last="protected_material_text"
        ),
    }
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "prompt_filter_results": [
            {"prompt_index": 0, "content_filter_results": _filter_results(filtered=False, last="jailbreak")}
        ],
        "choices": [choice],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": answered,
            "total_tokens": asked + answered,
            "prompt_tokens_details": {
                "cached_tokens": 0,
                "cache_write_tokens": _kept(request, asked),
                "audio_tokens": 0,
            },
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
    }


def _kept(request: Request, asked: int) -> int:
    """Return the tokens that GPT-5.6 caches: all of a long prompt, unless the caller chooses."""
    options = request.body.get("prompt_cache_options")
    explicit = isinstance(options, dict) and options.get("mode") == "explicit"
    return 0 if explicit or asked < CACHED_FROM else asked


def _limited(answer: Answer, max_tokens: int | None) -> tuple[str | None, str]:
    content = answer.content
    if content is None or max_tokens is None or text_tokens(content) <= max_tokens:
        return content, answer.finish_reason
    return content[: max_tokens * CHARACTERS_PER_TOKEN], "length"


def _filter_results(*, filtered: bool, last: str) -> Json:
    """Return severities; filtered content counts as violence, since Azure names a harm."""
    results: Json = {harm: {"filtered": False, "severity": "safe"} for harm in _HARMS}
    if filtered:
        results["violence"] = {"filtered": True, "severity": "medium"}
    results[last] = {"filtered": False, "detected": False}
    return results
