"""Restricts fetches to servers on the public internet.

Excluded are this machine, its network, and Azure's services beside every machine: the instance metadata service and the
app's identity endpoint (169.254.0.0/16), and the platform's own server 168.63.129.16, which only looks public.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from describer.domain.errors import FetchFailed, Transient, UrlFault

type Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Maps a host's name to all its addresses as text; empty if it has none. Raises Transient if the look-up fails."""

_LOOKUPS: Final = ThreadPoolExecutor(4, thread_name_prefix="names")
"""Separate threads, so that an unresponsive name server does not block those for other work."""

_ALLOCATED: Final = IPv6Network("2000::/3")
"""All public IPv6 addresses (IANA, IPv6 Address Space). Outside are loopback and the like, and the forms that would
carry an IPv4 address past the check of IPv4: mapped, compatible, translated, and NAT64 (64:ff9b::/96).
"""

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

    Python's `is_global` does not suffice: it accepts NAT64, IPv4-compatible and site-local addresses, multicast, all
    unallocated IPv6 space, and any global address with a zone.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address not in _ALLOCATED):
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _NEVER)


async def public_addresses(host: str, resolve: Resolve) -> Sequence[str]:
    """Return the addresses of `host` (a name or an address) by a single look-up, if all of them are public.

    Raises:
        FetchFailed: there is none, or one is not public. The error does not say which, so that callers cannot find out
            internal names.
        Transient: the name server does not answer.
    """
    addresses = (host,) if _is_address(host) else await resolve(host)
    if not addresses or not all(map(is_public, addresses)):
        sentence = f"The host {host!r} is unknown or not public; pictures are fetched from public servers only."
        raise FetchFailed(sentence, code=UrlFault.HOST)
    return addresses


async def system_resolve(host: str) -> Sequence[str]:
    """Resolve a name by the operating system."""
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
