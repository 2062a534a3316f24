"""Free ports on 127.0.0.1."""

import fcntl
import functools
import os
import secrets
import socket
import tempfile
from pathlib import Path

# Below the ports that Linux (from 32768) and macOS (from 49152) use for outgoing connections, so that none of those
# takes a port before the child binds it.
LOWEST, HIGHEST = 20_000, 32_000

_given: set[int] = set()


def free_ports(count: int, first: int | None = None) -> list[int]:
    """Return different ports that are free and reserved for this process.

    Args:
        count: how many.
        first: return this port and those after it if all are free; else, or without it, random ones.

    They stay reserved while this process lives. Programs that do not use this module may still take one before it is
    bound; `children.PortTaken` reports that.
    """
    wanted = range(first, first + count) if first else range(0)
    if first and all(_take(port) for port in wanted):
        return list(wanted)
    ports: list[int] = []
    while len(ports) < count:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        if _take(port):
            ports.append(port)
    return ports


def _take(port: int) -> bool:
    if port in _given or not _reserved(port) or not _is_free(port):
        return False
    _given.add(port)
    return True


def _reserved(port: int) -> bool:
    """Lock the port's byte in a file that all processes of this user share; the lock ends with the process."""
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    return True


@functools.cache
def _reservations() -> int:
    path = Path(tempfile.gettempdir()) / f"image-describer-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
