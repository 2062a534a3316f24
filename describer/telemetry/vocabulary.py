"""The names that telemetry uses. `infra/workbook.json`, docs/operations.md and the alerts query them: tests compare."""

from typing import Final

SCOPE: Final = "describer"
"""Of every span and metric; the name of the logger whose events are exported too."""

# Spans. The model's is `chat <model>`.
DESCRIBE: Final = "describe picture"
GIVE_UP: Final = "give up picture"
RECORDS_READ: Final = "records.read"
RECORDS_PAGE: Final = "records.page"
RECORDS_TWIN: Final = "records.twin"
RECORDS_WRITE: Final = "records.write"
RECORDS_SHARE: Final = "records.share"
RECORDS_UNSHARE: Final = "records.unshare"
RECORDS_CONFIRM: Final = "records.confirm"
RECORDS_DELETE: Final = "records.delete"
IMAGES_LOOK: Final = "images.look"
IMAGES_READ: Final = "images.read"
IMAGES_MARK: Final = "images.mark"
IMAGE_PREPARE: Final = "image.prepare"
TOPIC_ANNOUNCE: Final = "topic.announce"
CHAT: Final = "chat"

# Metrics.
PICTURES: Final = "describer.pictures"
"""Visits that ended, by `describer.outcome`: a status, or why the picture was left alone."""
DEFERRALS: Final = "describer.deferrals"
"""Visits that were put off, by `describer.fault`: `transient` or `misconfigured`."""
QUEUE_AGE: Final = "describer.queue.age"
"""Seconds from a picture's event to a pick-up from the queue."""
COST: Final = "describer.cost"
"""Estimated US dollars by the list prices of models.toml, by model."""
MODEL_SECONDS: Final = "gen_ai.client.operation.duration"
"""Seconds of one question to the model: waiting for a slot, quick retries and a second try at a cut answer included."""
TOKENS: Final = "gen_ai.client.token.usage"
"""Tokens as the model's server counted them, by model and `gen_ai.token.type`."""
METRICS: Final = (PICTURES, DEFERRALS, QUEUE_AGE, COST, MODEL_SECONDS, TOKENS)

# Attributes of our own; stages add more with `tell`, all of them as `describer.<name>`.
PICTURE: Final = "describer.picture"
OUTCOME: Final = "describer.outcome"
ROUNDS: Final = "describer.rounds"
FAULT: Final = "describer.fault"
ERROR: Final = "describer.error"
"""The same as `error.type`, which Azure Monitor's exporter leaves out of spans."""

# OpenTelemetry's semantic conventions (github.com/open-telemetry/semantic-conventions-genai), as of 2026.
ERROR_TYPE: Final = "error.type"
OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
SYSTEM: Final = "gen_ai.system"
"""The former name of `gen_ai.provider.name`; Azure Monitor's exporter takes the row's type from it."""
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
RESPONSE_MODEL: Final = "gen_ai.response.model"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - no password
