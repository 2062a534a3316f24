"""Asks a real model one question before anything is started, and reports a fault at once, in one sentence."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from local import environment
from local.children import ROOT
from local.demo.provider import Provider, Unusable

COMMAND = "python -m describer doctor --only model"
_PATIENCE = 30.0  # seconds; the command itself allows ten for each check


def ask(provider: Provider) -> None:
    """Let the app's own health check ask the model.

    Raises:
        Unusable: the model does not answer correctly; the text says what was found and what to do.

    """
    command = [sys.executable, *COMMAND.split()[1:], "--json"]
    env = {**environment.clean(), **provider.settings, "PYTHONPATH": str(ROOT)}
    try:
        with tempfile.TemporaryDirectory() as empty:  # without a local.settings.json that adds settings
            done = subprocess.run(command, cwd=empty, env=env, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return  # it is slow, not wrong; the run shows what it waits for
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    failed = [check for check in map(_check, lines) if check.get("verdict") == "failed"]
    if failed:
        raise Unusable(_sentence(failed[-1]))
    if done.returncode and not lines:
        raise Unusable(done.stderr.decode("utf-8", "replace").strip())


def _check(line: str) -> Mapping[str, str]:
    check: Mapping[str, str] = json.loads(line)
    return check


def _sentence(check: Mapping[str, str]) -> str:
    found, advice = check["found"].removesuffix("."), check["advice"].removesuffix(".")
    return f"{found[:1].upper()}{found[1:]}: {advice}. `{COMMAND}` asks again."
