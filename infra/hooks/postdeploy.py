"""After `azd deploy`: waits for the code, subscribes it to uploads, and runs the smoke test.

By hand, with the outputs of infra/main.bicep as environment: `python infra/hooks/postdeploy.py`; see docs/deploy.md.
"""

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":  # run as a program, by any Python in any folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from describer.operations import smoke_image
from infra.hooks import inside, outside
from infra.hooks.commands import Azure, Clock, Failed, Stop, run
from infra.hooks.installation import FUNCTIONS, Installation

SUBSCRIPTION = Path(__file__).resolve().parents[1] / "modules" / "event-subscription.bicep"
PAUSES = (15, 30, 60, 120)
"""Seconds between the five attempts to create the event subscription."""

_CODE = 600
_WARM = 180
_STATUS = "hostruntime/admin/host/status?api-version=2022-03-01"


def deploy(azure: Azure, clock: Clock) -> None:
    """Run the whole hook.

    Raises:
        Stop: it failed; the text says what to do.
    """
    here = Installation.read(azure.environ)
    print(f"Waiting for the functions of {here.azure_function_app_name}")
    _wait_for_code(azure, clock, here)
    _warm_up(azure, clock, here)
    print(f"Subscribing to uploads in {here.images_account_name} by the route {here.upload_route}")
    _subscribe(azure, clock, here)
    print("Running the smoke test with a picture; a new role can take ten minutes to take effect")
    said = inside.run(azure, clock, here) if here.isolated else outside.run(azure, clock, here)
    print(f"The smoke test passed: {said}")


def _wait_for_code(azure: Azure, clock: Clock, here: Installation) -> None:
    wanted = {FUNCTIONS[here.upload_route], *([smoke_image.FUNCTION] if here.isolated else [])}

    def ready() -> bool | None:
        listed = azure.az("functionapp", "function", "list", *here.app) or []
        present = {function["name"].rpartition("/")[2] for function in listed}
        return True if wanted <= present and (here.upload_route != "blobTrigger" or _has_key(azure, here)) else None

    try:
        clock.until(ready, seconds=_CODE, pause=10)
    except Failed as failure:
        what = f"{' and '.join(sorted(wanted))}, or the key of the blob trigger, did not appear in {_CODE} s. {failure}"
        raise Stop(f"{what} The host says why:", *azure.words(*_rest(azure, here, "get", _STATUS))) from failure


def _has_key(azure: Azure, here: Installation) -> bool:
    """Return whether the key exists; `az` answers yes or no and keeps the key to itself."""
    query = "contains(keys(systemKeys), 'blobs_extension')"
    return azure.az("functionapp", "keys", "list", *here.app, "--query", query) is True


def _warm_up(azure: Azure, clock: Clock, here: Installation) -> None:
    """Start an instance, so that Event Grid's handshake need not wait; a failure does not stop the hook."""

    def running() -> bool | None:
        status = azure.az(*_rest(azure, here, "get", _STATUS)) or {}
        return True if (status.get("properties") or status).get("state") == "Running" else None

    try:
        clock.until(running, seconds=_WARM, pause=10)
    except Failed as failure:
        print(f"The app did not say that it runs; going on. {failure}")


def _rest(azure: Azure, here: Installation, method: str, path: str) -> tuple[str, ...]:
    return ("rest", "--method", method, "--uri", inside.site(azure, here, path))


def _subscribe(azure: Azure, clock: Clock, here: Installation) -> None:
    more = [
        name.strip() for name in azure.environ.get("DEPLOYED_IMAGES_MORE_CONTAINERS", "").split(",") if name.strip()
    ]
    parameters = {
        "systemTopicName": here.system_topic_name,
        "eventSubscriptionName": here.event_subscription_name,
        "uploadRoute": here.upload_route,
        "functionAppName": here.azure_function_app_name,
        "functionAppResourceGroup": here.azure_resource_group,
        "hostAccountName": here.host_account_name,
        "containerNames": json.dumps([here.images_container, *more], separators=(",", ":")),
        "deadLetterContainer": here.dead_letter_container,
        "workQueue": here.work_queue,
    }
    words = (
        *("deployment", "group", "create", "--resource-group", here.system_topic_resource_group),
        *("--name", here.event_subscription_name, "--template-file", str(SUBSCRIPTION)),
        *("--parameters", *(f"{name}={value}" for name, value in parameters.items())),
    )
    for pause in (*PAUSES, None):
        try:
            azure.az(*words, "--query", "properties.provisioningState")
        except Failed as failure:
            if pause is None:
                said = "The event subscription could not be created; the app is deployed, and hears of no upload yet."
                raise Stop(f"{said} {failure}\nTry by hand:", *azure.words(*words)) from failure
            print(f"Not yet: {failure}\nTrying again in {pause} s")
            clock.sleep(pause)
        else:
            return


if __name__ == "__main__":
    run(lambda: deploy(Azure(os.environ), Clock()))  # noqa: TID251 - a hook is a program of its own
