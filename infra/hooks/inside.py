"""Runs the smoke test inside the app, behind private endpoints: the app uploads the picture and logs the result.

Azure Resource Manager starts the function, which needs no key and no access to the network. It is untested whether
that works if the app's public access is closed. If not, this program uploads the picture itself: it runs within the
network, because the code was deployed from there.
"""

import json
import secrets
from typing import Any

from describer.operations.smoke_image import FAILED, FUNCTION, PASSED, TIMEOUT_SECONDS
from infra.hooks import outside
from infra.hooks.commands import Azure, Clock, Failed, Stop
from infra.hooks.installation import Installation

_START = 300
_INGESTION = 600
"""Maximum seconds until a log event can be queried."""

TRIES = 3
"""Maximum of smoke tests: a late role fails the first, whose deferred work is retried too late."""

_PAUSE = 20
_RUN = f"hostruntime/admin/functions/{FUNCTION}?api-version=2022-03-01"


def run(azure: Azure, clock: Clock, here: Installation) -> str:
    """Return the app's result in a sentence.

    Raises:
        Stop: the smoke test failed or could not be started, or no answer came.
    """
    said: dict[str, Any] = {}
    for left in reversed(range(TRIES)):
        token = secrets.token_hex(8)
        words = ("rest", "--method", "post", "--uri", site(azure, here, _RUN), "--body", json.dumps({"input": token}))
        try:
            clock.until(lambda words=words: azure.az(*words) or True, seconds=_START, pause=_PAUSE)  # type: ignore[misc]
        except Failed as failure:
            print(f"The app could not be started through Azure Resource Manager. {failure}\nUploading from here")
            return outside.run(azure, clock, here)
        said = _waited_for(azure, clock, here, token, words)
        if said["Message"] == PASSED:
            return f"{said['status']} after {float(said['seconds']):.0f} s, by the app itself"
        if said["status"] != "none":
            break  # the picture arrived, so no role is missing
        if left:
            print(f"Not yet: {said['reason']}. New roles may be late; running the smoke test again")
    raise Stop(f"The app's smoke test failed: {said['reason']} (record: {said['status']})")


def _waited_for(azure: Azure, clock: Clock, here: Installation, token: str, words: tuple[str, ...]) -> dict[str, Any]:
    try:
        workspace = _workspace(azure, here)
        return clock.until(lambda: _answer(azure, workspace, token), seconds=TIMEOUT_SECONDS + _INGESTION, pause=_PAUSE)
    except Failed as failure:
        raise Stop(
            f"The app logged no result of its smoke test. {failure}\nIn the portal: {here.azure_function_app_name},"
            f" {FUNCTION}, Code + Test, Test/Run, with any text; its log ends with {PASSED} or {FAILED}. Or:",
            *azure.words(*words),
        ) from failure


def site(azure: Azure, here: Installation, path: str) -> str:
    """Return an address below the function app for `az rest`."""
    subscription = azure.environ.get("AZURE_SUBSCRIPTION_ID") or azure.az("account", "show")["id"]
    group = f"/subscriptions/{subscription}/resourceGroups/{here.azure_resource_group}"
    return f"{group}/providers/Microsoft.Web/sites/{here.azure_function_app_name}/{path}"


def _workspace(azure: Azure, here: Installation) -> str:
    found = azure.az("monitor", "log-analytics", "workspace", "list", "--resource-group", here.azure_resource_group)
    if not found:
        raise Failed(f"There is no Log Analytics workspace in {here.azure_resource_group}.")
    return str(found[0]["customerId"])


def _answer(azure: Azure, workspace: str, token: str) -> dict[str, Any] | None:
    query = (
        f"AppTraces | where Message in ('{PASSED}', '{FAILED}') and tostring(Properties.token) == '{token}'"
        " | project Message, status = tostring(Properties.status), seconds = tostring(Properties.seconds),"
        " reason = tostring(Properties.reason)"
    )
    words = ("monitor", "log-analytics", "query", "--workspace", workspace, "--analytics-query", query)
    rows = azure.az(*words, "--timespan", "PT1H")
    return rows[0] if rows else None
