"""Reads the host's and its MCP extension's part of host.json, with the platform's defaults.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook#hostjson-settings
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.extensions.options import extensions


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Limits on HTTP functions; None: no limit.

    Args:
        route_prefix: of all routes.
        concurrent: requests that run at the same time; others wait, their bodies unread.
        outstanding: requests that run or wait; one more is answered with 429.

    """

    route_prefix: str = "api"
    concurrent: int | None = None
    outstanding: int | None = None


@dataclass(frozen=True, slots=True)
class McpOptions:
    """The MCP server's description of itself."""

    name: str
    version: str
    instructions: str | None


@dataclass(frozen=True, slots=True)
class Options:
    """All options.

    Args:
        http: of HTTP triggers.
        mcp: of the server of MCP tools.

    """

    http: HttpOptions
    mcp: McpOptions


def read(host_json: Path) -> Options:
    """Read a host.json; the file may be missing."""
    sections = extensions(host_json)
    return Options(_http(sections.get("http", {})), _mcp(sections.get("mcp", {})))


def _http(options: Mapping[str, Any]) -> HttpOptions:
    """The limits' defaults are those of a dedicated plan."""
    bounds = (int(options.get(name, -1)) for name in ("maxConcurrentRequests", "maxOutstandingRequests"))
    return HttpOptions(str(options.get("routePrefix", "api")), *(bound if bound > 0 else None for bound in bounds))


def _mcp(options: Mapping[str, Any]) -> McpOptions:
    name = str(options.get("serverName", "Azure Functions MCP server"))
    return McpOptions(name, str(options.get("serverVersion", "1.0.0")), options.get("instructions"))
