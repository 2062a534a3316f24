"""The addresses of a running stack."""

from dataclasses import dataclass

TOPIC_PATH = "/api/events"  # as that of every custom topic
MCP_PATH = "/runtime/webhooks/mcp"  # of every function app with MCP tools


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses, as written to addresses.json.

    Args:
        http: address of the host.
        key: its key for webhooks, including MCP's.
        api: base address of HTTP functions, with the usual prefix.
        function_key: the key of functions that require one.
        mcp: where MCP clients connect.
        blob: blob service of the account `images`.
        queue: queue service of the account `host`, which has the work queue.
        identity: IDENTITY_ENDPOINT.
        topic: the topic that the app publishes to.
        model: the model's server; empty where `settings` name a real one.
        ca: file of trusted authorities, including the stand-in's.

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
