"""Ports are chosen before they are bound: no other process chooses them, and one that is taken is replaced."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import children, environment, ports
from local.children import ROOT, Child, PortTaken

ASK = "import sys; from local import ports; print(ports._reserved(int(sys.argv[1])))"


def reserved_elsewhere(port: int) -> str:
    command = [sys.executable, "-c", ASK, str(port)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_a_port_is_given_once() -> None:
    (port,) = ports.free_ports(1)
    assert reserved_elsewhere(port) == "False"
    assert len(set(ports.free_ports(50)) | {port}) == 51


def server(folder: Path, port: int) -> Child:
    command = children.module("local.identity", "--port", str(port))
    environ = {**environment.clean(), "IDENTITY_HEADER": "secret"}
    ready = children.answers(f"http://127.0.0.1:{port}/healthz")
    child = Child("identity", command, environment=environ, log=folder / f"{port}.log", ready=ready, grace=0.5)
    try:
        child.wait_until_ready()
    except BaseException:
        children.end([child])
        raise
    return child


def test_a_part_that_finds_its_port_taken_gets_another_one(tmp_path: Path) -> None:
    taken, free = ports.free_ports(2)
    chosen = iter((taken, free))
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", taken))
        squatter.listen()
        child = children.on_free_ports(lambda: server(tmp_path, next(chosen)))
    assert child.code is None
    children.end([child])


@pytest.mark.long
def test_an_error_says_that_no_port_is_free(tmp_path: Path) -> None:
    (taken,) = ports.free_ports(1)
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", taken))
        squatter.listen()
        with pytest.raises(PortTaken, match="identity ended with exit code 1"):
            children.on_free_ports(lambda: server(tmp_path, taken))


def test_the_same_ports_are_given_where_they_are_free() -> None:
    """Other programs may hold any port, so several first ones are tried."""
    assert any(_are_the_same(ports.free_ports(1)[0] + 1) for _ in range(5))


def _are_the_same(first: int) -> bool:
    script = f"from local import ports; print(ports.free_ports(2, {first}), ports.free_ports(2, {first}))"
    said = [
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    wanted = str([first, first + 1])
    assert all(line.count(wanted) <= 1 for line in said), "a second caller gets others"
    return all(line.startswith(wanted) for line in said)
