"""Whom a fetch may reach: servers on the public internet, and nobody inside.

Inside are this machine, its network, and what Azure puts beside every machine: the instance metadata service and the
app's identity endpoint (169.254.0.0/16), and the platform's own server 168.63.129.16, which looks public and is not.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from describer.domain.errors import FetchFailed, Transient, UrlFault

type Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""From a host's name to all its addresses as text, none where it has none. Raises Transient if it cannot tell."""

_LOOKUPS: Final = ThreadPoolExecutor(4, thread_name_prefix="names")
"""Threads of their own: a name server that never answers must not take the ones that decode pictures."""

_ALLOCATED: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out to the public (IANA, IPv6 Address Space). Outside lie, beside loopback and the like,
the forms that carry an IPv4 address past a check of IPv4: mapped, compatible, translated, and NAT64 (64:ff9b::/96)."""

_NEVER: Final = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's platform: DNS, health, the agent's secrets
        "192.0.0.0/24",  # IETF assignments; Oracle's cloud has its metadata here
        "192.88.99.0/24",  # 6to4 relays, withdrawn (RFC 7526)
        "2001::/23",  # IETF assignments: Teredo, ORCHID, benchmarks
        "2002::/16",  # 6to4, which carries an IPv4 address
        "3fff::/20",  # documentation (RFC 9637), newer than Python's table
    )
)


def is_public(text: str) -> bool:
    """Return whether `text` is the address of a single machine on the public internet.

    Python's `is_global` alone is not enough: by it NAT64, IPv4-compatible and site-local addresses, multicast, all
    unallocated IPv6 space, and any global address with a zone are global.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address not in _ALLOCATED):
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _NEVER)


async def public_addresses(host: str, resolve: Resolve) -> Sequence[str]:
    """Return the addresses of `host` (a name or an address), asked for once, if each of them is public.

    Raises:
        FetchFailed: there is none, or one is not public. Which of the two is not told, lest a caller learn from the
            answers which names exist inside.
        Transient: the name server does not answer.
    """
    addresses = (host,) if _is_address(host) else await resolve(host)
    if not addresses or not all(map(is_public, addresses)):
        sentence = f"The host {host!r} is unknown or not public; pictures are fetched from public servers only."
        raise FetchFailed(sentence, code=UrlFault.HOST)
    return addresses


async def system_resolve(host: str) -> Sequence[str]:
    """Return what the operating system says."""
    lookup = asyncio.get_running_loop().run_in_executor(
        _LOOKUPS, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    )
    try:
        found = await lookup
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise Transient("The name of the URL's server cannot be looked up now", quoting=host) from error
        return ()
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
