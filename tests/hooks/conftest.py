"""Shared fixtures of the hooks' tests."""

from pathlib import Path

import pytest

from tests.hooks.deployment import OUTPUTS
from tests.hooks.scripted import Scripted, Waiting


@pytest.fixture
def azure(tmp_path: Path) -> Scripted:
    """`az` and `azd` with an empty script, in an environment of azd's named dev, which was deployed before."""
    environ = {"AZURE_ENV_NAME": "dev", "AZURE_LOCATION": "swedencentral", "AZURE_SUBSCRIPTION_ID": "5ub", **OUTPUTS}
    return Scripted(tmp_path, environ)


@pytest.fixture
def clock() -> Waiting:
    return Waiting()
