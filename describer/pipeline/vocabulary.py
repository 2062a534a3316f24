"""The names in telemetry and the list of what may leave the app: adapters/app_insights.py drops everything else.

`infra/workbook.json`, docs/operations.md and the alerts query these names; tests compare them.
"""

from collections.abc import Mapping
from typing import Final

SCOPE: Final = "describer"
"""Scope of every span and metric, and name of the logger whose events are exported too."""

# Spans. The model's is `chat <model>`.
DESCRIBE: Final = "describe picture"
GIVE_UP: Final = "give up picture"
RECORDS_READ: Final = "records.read"
RECORDS_PAGE: Final = "records.page"
RECORDS_FIND_CACHED: Final = "records.find_cached"
RECORDS_WRITE: Final = "records.write"
RECORDS_CACHE: Final = "records.cache"
RECORDS_INVALIDATE: Final = "records.invalidate"
RECORDS_EXPIRE_CACHED: Final = "records.expire_cached"
RECORDS_VERIFY: Final = "records.verify_unchanged"
RECORDS_DELETE: Final = "records.delete"
IMAGES_PROPERTIES: Final = "images.get_properties"
IMAGES_PAGE: Final = "images.page"
IMAGES_READ: Final = "images.read"
IMAGES_SET_METADATA: Final = "images.set_metadata"
IMAGE_PREPARE: Final = "image.prepare"
TOPIC_PUBLISH: Final = "topic.publish"
CHAT: Final = "chat"

# Metrics.
PICTURES: Final = "describer.pictures"
"""Processed pictures, by `describer.outcome`: a status or a skip reason."""
DEFERRALS: Final = "describer.deferrals"
"""Deferred visits, by `describer.fault`: `transient`, `over_budget` or `misconfigured`."""
QUEUE_AGE: Final = "describer.queue.age"
"""Seconds from a picture's event until it is taken from the queue."""
COST: Final = "describer.cost"
"""Estimated cost in US dollars by the list prices of models.toml, by model."""
EXPECTED_COST: Final = "describer.cost.expected"
"""Estimated cost of the answered calls, from the pictures' sides."""
SAVED_TOKENS: Final = "describer.image_tokens.saved"
"""Image tokens saved at the OpenAI-compatible interface: as received minus as sent, by the published rules."""
MODEL_SECONDS: Final = "gen_ai.client.operation.duration"
"""Seconds of one question to the model, including the wait for a turn, retries and a second call for a truncated
answer.
"""
TOKENS: Final = "gen_ai.client.token.usage"
"""Tokens according to the model's server, by model and `gen_ai.token.type`."""

# Our own attributes; adapters add more with `tell`, all named `describer.<name>`.
PICTURE: Final = "describer.picture"
OUTCOME: Final = "describer.outcome"
ROUNDS: Final = "describer.rounds"
FAULT: Final = "describer.fault"
ERROR: Final = "describer.error"
"""A copy of `error.type`, which Azure Monitor's exporter omits from spans."""

# OpenTelemetry's semantic conventions (github.com/open-telemetry/semantic-conventions-genai), as of 2026.
ERROR_TYPE: Final = "error.type"
OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
SYSTEM: Final = "gen_ai.system"
"""The former name of `gen_ai.provider.name`; Azure Monitor's exporter derives the row's type from it."""
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
RESPONSE_MODEL: Final = "gen_ai.response.model"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHED_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - not a password

# What may leave the app. Each value is a number, a name of ours, or a picture's alias, never a caller's words.

SPANS: Final = frozenset(
    {
        DESCRIBE,
        GIVE_UP,
        RECORDS_READ,
        RECORDS_PAGE,
        RECORDS_FIND_CACHED,
        RECORDS_WRITE,
        RECORDS_CACHE,
        RECORDS_INVALIDATE,
        RECORDS_EXPIRE_CACHED,
        RECORDS_VERIFY,
        RECORDS_DELETE,
        IMAGES_PROPERTIES,
        IMAGES_PAGE,
        IMAGES_READ,
        IMAGES_SET_METADATA,
        IMAGE_PREPARE,
        TOPIC_PUBLISH,
    }
)
"""Besides these, `chat <model>`."""

_ABOUT_MODEL: Final = frozenset({OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, ERROR_TYPE})
_STAGE_FACTS: Final = (
    "size",
    "format",
    "width",
    "height",
    "frames",
    "flags",
    "notes",
    "found",
    "written",
    "calls",
    "refused",
)
SPAN_ATTRIBUTES: Final = (
    frozenset({PICTURE, OUTCOME, ROUNDS, ERROR, SYSTEM, REQUEST_MAX_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS})
    | {CACHED_TOKENS, CACHE_WRITE_TOKENS, REASONING_TOKENS}
    | _ABOUT_MODEL
    | {f"{SCOPE}.{name}" for name in _STAGE_FACTS}
)
"""The attributes of spans."""

METRICS: Final[Mapping[str, frozenset[str]]] = {
    PICTURES: frozenset({OUTCOME}),
    DEFERRALS: frozenset({FAULT}),
    QUEUE_AGE: frozenset(),
    COST: _ABOUT_MODEL,
    EXPECTED_COST: _ABOUT_MODEL,
    SAVED_TOKENS: frozenset({REQUEST_MODEL}),
    MODEL_SECONDS: _ABOUT_MODEL,
    TOKENS: _ABOUT_MODEL | {TOKEN_TYPE},
}
"""The metrics, each with its attributes."""

_WORK: Final = frozenset({"picture", "attempts", "deferrals", "age"})
_SMOKE_TEST: Final = frozenset({"token", "picture", "status", "seconds", "reason"})
_BUG: Final = frozenset({"error", "where"})
_MESSAGE: Final = frozenset({"queue", "received"})
EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "picture.done": _WORK | {"outcome"},
    "picture.deferred": _WORK | {"delay", "fault", "reason"},
    "picture.unexpected": _BUG | {"picture"},
    "event.deferred": frozenset({"deferrals", "delay", "reason"}),
    "correction.unfinished": frozenset({"picture", "reason"}),
    "work.returned": frozenset({"picture"}),
    "message.dead_lettered": _MESSAGE | {"reason"},
    "message.unfinished": _MESSAGE | {"reason"},
    "message.unexpected": _MESSAGE | _BUG,
    "backfill.begun": frozenset({"backfill"}),
    "backfill.still_running": frozenset(),
    "deleted.cleaned": frozenset({"removed", "kept", "expired", "cached"}),
    "deleted.unfinished": frozenset({"reason"}),
    "storage.protected": frozenset({"reason"}),
    "model.adapted": frozenset({"differences"}),
    "budget.used_up": frozenset({"limit", "delay"}),
    "openai_compatible.answered": frozenset(
        {"caller", "path", "status", "pictures", "image_tokens", "image_tokens_saved"}
    ),
    "openai_compatible.unexpected": _BUG,
    "entra.no_keys": frozenset({"error"}),
    "answer.not_shared": _BUG | {"key"},
    "answer.not_mended": frozenset({"error"}),
    "embedded_text.unreadable": frozenset({"error"}),
    "picture.process_died": frozenset({"code"}),
    "picture.refused": frozenset({"cause"}),
    "smoke_test.passed": _SMOKE_TEST,
    "smoke_test.failed": _SMOKE_TEST,
    "http.answered": frozenset({"request_id", "method", "route", "status", "seconds"}),
    "http.deferred": frozenset({"request_id", "reason", *(f"picture_{number}" for number in range(1, 11))}),
    "http.failed": _BUG | {"request_id"},
    "mcp.deferred": frozenset({"picture", "reason"}),
    "mcp.refused": frozenset({"error"}),
    "mcp.failed": _BUG,
    "function.failed": _BUG | {"function"},
}
"""The log events, each with its facts."""
