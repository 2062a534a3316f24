"""Free ports on 127.0.0.1."""

import secrets
import socket

# Below the ports that Linux (from 32768) and macOS (from 49152) give to outgoing connections, so that none of those
# takes a port between its choice here and the child's bind.
LOWEST, HIGHEST = 20_000, 32_000


def free_ports(count: int) -> list[int]:
    """Give so many different ports that nobody listens on now."""
    ports: set[int] = set()
    while len(ports) < count:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.add(port)
    return list(ports)
