"""Who is compared: the app, and two ways of doing the same job, each in its virtual environment."""

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.peers.model import DEPLOYMENT, KEY
from local.children import ROOT

APPS: Final = Path(__file__).parent / "apps"
ENVIRONMENTS: Final = ROOT / ".local/peers"
WORKER: Final = "azure-functions-runtime"
"""Microsoft's worker library."""


@dataclass(frozen=True, slots=True)
class Rival:
    """One app that is measured.

    Args:
        name: in the table.
        function: its blob trigger.
        app: its folder.
        python: the interpreter of its environment.
        limit: the setting that says how many calls of the model it has at a time.
        settings: beside those that each stack makes.
    """

    name: str
    function: str
    app: Path
    python: Path
    limit: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def copied(self, folder: Path, degree: int | None) -> Path:
        """Copy what indexing needs to a folder, whose host.json has each call logged, and no request of the SDKs.

        With a `degree`, it hands over so many blobs at a time (`maxDegreeOfParallelism`).
        """
        folder.mkdir()
        shutil.copy(self.app / "function_app.py", folder)
        host = json.loads((self.app / "host.json").read_text("utf-8"))
        host.setdefault("logging", {}).setdefault("logLevel", {}).update(Function="Information", azure="Warning")
        if degree:
            host.setdefault("extensions", {}).setdefault("blobs", {})["maxDegreeOfParallelism"] = degree
        (folder / "host.json").write_text(json.dumps(host), "utf-8")
        return folder


_MODEL: Final = {"AZURE_OPENAI_DEPLOYMENT": DEPLOYMENT}
OURS: Final = Rival("ours", "describe_on_upload", ROOT, Path(sys.executable), "MODEL_CONCURRENCY", {**_MODEL})


def _peer(name: str) -> Rival:
    python = ENVIRONMENTS / name / "bin/python"
    settings = {**_MODEL, "AZURE_OPENAI_API_KEY": KEY}
    return Rival(name, "describe", APPS / name, python, "PYTHON_THREADPOOL_THREAD_COUNT", settings)


NOTEBOOK: Final = _peer("notebook")
SAMPLE: Final = _peer("sample")
ALL: Final = (OURS, NOTEBOOK, SAMPLE)


def set_up() -> None:
    """Make the peers' environments, unless they are there.

    Raises:
        SystemExit: an environment cannot be made, or has another worker than this one.
    """
    for peer in (NOTEBOOK, SAMPLE):
        if subprocess.run(["/bin/sh", "local/setup.sh", peer.name], cwd=ROOT, check=False).returncode:
            sys.exit(f"The environment of the peer {peer.name} cannot be made; see above.")
        there, here = version(peer, WORKER), importlib.metadata.version(WORKER)
        if there != here:
            sys.exit(f"{peer.name} has {WORKER} {there}, this checkout {here}: run `make lock`.")


def version(rival: Rival, package: str) -> str:
    """Ask a rival's environment for a package's version."""
    script = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    return subprocess.run([rival.python, "-c", script], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
