"""Where the parts of a running stack are."""

from dataclasses import dataclass

TOPIC_PATH = "/api/events"  # as that of every custom topic


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things are, as written to addresses.json.

    Args:
        http: the host.
        key: its key for webhooks.
        blob: blob service of the account `images`.
        queue: queue service of the account `host`, which has the work queue.
        identity: IDENTITY_ENDPOINT.
        topic: where the app publishes its events.
        model: the model's server; empty where `settings` name a real one.
        ca: file of trusted authorities, the stand-in's among them.

    """

    http: str
    key: str
    blob: str
    queue: str
    identity: str
    topic: str
    model: str
    ca: str
