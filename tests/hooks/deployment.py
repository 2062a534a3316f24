"""A deployment that succeeds except for a test's script, and its result."""

import json
from typing import Any

import pytest

from describer.operations.smoke_image import FUNCTION
from infra.hooks import postdeploy
from infra.hooks.commands import Azure, Clock, Stop
from infra.hooks.installation import FUNCTIONS
from tests.hooks.scripted import Scripted, Waiting

OUTPUTS = {
    "AZURE_RESOURCE_GROUP": "rg-dev",
    "AZURE_FUNCTION_APP_NAME": "func-x",
    "HOST_ACCOUNT_NAME": "sthostx",
    "IMAGES_ACCOUNT_NAME": "stimgx",
    "DEPLOYED_IMAGES_CONTAINER": "images",
    "DEPLOYED_DESCRIPTIONS_CONTAINER": "descriptions",
    "DEPLOYED_UPLOAD_ROUTE": "blobTrigger",
    "SYSTEM_TOPIC_NAME": "egst-x",
    "SYSTEM_TOPIC_RESOURCE_GROUP": "rg-photos",
    "EVENT_SUBSCRIPTION_NAME": "uploads-to-func-x",
    "DEAD_LETTER_CONTAINER": "eventgrid-deadletter",
    "WORK_QUEUE": "image-work",
    "DEPLOYED_NETWORK_ISOLATION": "false",
}
RECORD = {
    "status": "described",
    "reason": "",
    "alt_text": "A sun over a meadow.",
    "source": {"sha256": "ab" * 32},
    "fingerprint": "f" * 16,
}
FOUND = [{"name": f"func-x/{name}"} for name in [*FUNCTIONS.values(), FUNCTION, "publish"]]


def goes_well(azure: Scripted, record: dict[str, Any] | None = None) -> None:
    """Add success for all commands that are not scripted yet."""
    azure.on("functionapp", "function", "list", says=FOUND)
    azure.on("functionapp", "keys", "list", says=True)
    azure.on("rest", "get", says={"state": "Running"})
    azure.on("deployment", "group", "create", says="Succeeded")
    azure.on("storage", "blob", "upload", says={})
    azure.on("storage", "blob", "download", says={}, file=json.dumps(record or RECORD))
    azure.on("storage", "blob", "delete")
    azure.on("appsettings", "list", says=[])


def run(azure: Scripted, clock: Waiting) -> None:
    postdeploy.deploy(Azure(azure.environ), Clock(clock.sleep, clock.now))


def stopped(azure: Scripted, clock: Waiting) -> str:
    with pytest.raises(Stop) as caught:
        run(azure, clock)
    return str(caught.value)


def names(calls: list[list[str]]) -> list[str]:
    return [call[call.index("--name") + 1] for call in calls]


def removed(azure: Scripted) -> list[str]:
    return names(azure.calls("storage", "blob", "delete"))
