"""What host.json has to say so that no message is taken out of the app's hands."""

import json
from datetime import timedelta
from pathlib import Path

from describer.settings import Settings

_EXTENSIONS = json.loads((Path(__file__).parents[2] / "host.json").read_text(encoding="utf-8"))["extensions"]
QUEUES = _EXTENSIONS["queues"]
LONGEST_LIFE = timedelta(days=365)


def test_every_message_reaches_the_app() -> None:
    assert QUEUES["messageEncoding"] == "none"


def test_no_message_becomes_poison_within_a_year_of_outage() -> None:
    hours, minutes, seconds = map(int, QUEUES["visibilityTimeout"].split(":"))
    pause = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert pause.total_seconds() > 0
    assert QUEUES["maxDequeueCount"] * pause > LONGEST_LIFE
    assert QUEUES["maxDequeueCount"] < 2**31  # the extension's own type


def test_the_trigger_keeps_as_many_uploads_running_as_may_wait_for_the_model() -> None:
    """A batch is half of the degree and one, and at most 32: tests/contracts/extensions/blob-calls.toml."""
    degree = _EXTENSIONS["blobs"]["maxDegreeOfParallelism"]
    assert min(32, degree // 2 + 1) == Settings.model_fields["model_concurrency"].default
