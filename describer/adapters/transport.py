"""The HTTP transport of the clients for storage and Event Grid: the environment's proxies, and nothing from ~/.netrc.

aiohttp can read both, as azure-core asks it to (aiohttp 3.14, azure-core 1.41). But it then opens ~/.netrc in a thread
before each request, and raises an error if the file names the host, since azure-core signs requests itself.
"""

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from azure.core.pipeline.transport import AioHttpTransport


class Transport(AioHttpTransport):  # type: ignore[misc]  # azure-core loads it lazily, untyped
    """A transport for one client. `options` are those of `AioHttpTransport`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(use_env_settings=False, **options)

    async def send(self, request: Any, **config: Any) -> Any:
        """Send a request by the proxy of its address, unless the caller chose one."""
        address = urlsplit(request.url)
        config["proxies"] = config.get("proxies") or _proxies(address.scheme, address.hostname or "")
        return await super().send(request, **config)


@lru_cache
def _proxies(scheme: str, host: str) -> dict[str, str]:
    """Return the proxy by the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in the form that azure-core takes."""
    proxy = getproxies().get(scheme)
    return {scheme: proxy} if proxy and not proxy_bypass(host) else {}
