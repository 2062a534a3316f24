"""Where the parts of a running stack are."""

from dataclasses import dataclass

TOPIC_PATH = "/api/events"  # as that of every custom topic
MCP_PATH = "/runtime/webhooks/mcp"  # of every function app with MCP tools


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things are, as written to addresses.json.

    Args:
        http: the host.
        key: its key for webhooks, MCP's among them.
        api: where HTTP functions begin, with the usual prefix.
        function_key: the key of those that want one.
        mcp: where MCP clients connect.
        blob: blob service of the account `images`.
        queue: queue service of the account `host`, which has the work queue.
        identity: IDENTITY_ENDPOINT.
        topic: where the app publishes its events.
        model: the model's server; empty where `settings` name a real one.
        ca: file of trusted authorities, the stand-in's among them.

    """

    http: str
    key: str
    api: str
    function_key: str
    mcp: str
    blob: str
    queue: str
    identity: str
    topic: str
    model: str
    ca: str
