"""Keeps app settings that were set by hand, since a deployment of infra/ replaces all settings."""

import json
from collections.abc import Mapping

from infra.hooks.commands import Azure, Failed, Stop

STOPPED = "stopped-by-emergency"
"""A deployment of the model that does not exist; modules/function-app.bicep has the same name."""

_SECRETS = ("_KEY", "_SECRET", "_PASSWORD", "CONNECTION_STRING", "IMAGES", "AzureWebJobsStorage")


def find(azure: Azure) -> dict[str, str]:
    """Return the variables to store in azd's environment, so that the next deployment sets them again.

    Raises:
        Stop: APP_SETTINGS is not a JSON object of strings.
    """
    chosen = app_settings(azure.environ)
    known = {name for name in azure.environ.get("DEPLOYED_SETTING_NAMES", "").split(",") if name}
    if not known or not (here := _live(azure)):
        return {}
    found = {}
    by_hand = {name: value for name, value in here.items() if name not in known and name not in chosen}
    secret = sorted(name for name in by_hand if name.endswith(_SECRETS))
    if secret:
        print(
            f"Set by hand, and gone after this: {', '.join(secret)}. A key is not kept here; set it again afterwards."
        )
    kept = {name: value for name, value in by_hand.items() if name not in secret}
    if kept:
        found["APP_SETTINGS"] = json.dumps(chosen | kept)
        print(f"Set by hand, and kept from now on by APP_SETTINGS: {', '.join(sorted(kept))}.")
    if here.get("AZURE_OPENAI_DEPLOYMENT") == STOPPED and azure.environ.get("EMERGENCY_STOP") != "true":
        found["EMERGENCY_STOP"] = "true"
    if found.get("EMERGENCY_STOP") or azure.environ.get("EMERGENCY_STOP") == "true":
        print("The emergency stop is on, and stays on: python3 infra/emergency.py resume ends it.")
    return found


def app_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in APP_SETTINGS."""
    text = environ.get("APP_SETTINGS") or "{}"
    example = '{"DESCRIPTION_LANGUAGES": "en,de"}'
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        sentence = f"APP_SETTINGS is {text}; expected a JSON object, each value a text."
        raise Stop(sentence, "azd", "env", "set", "APP_SETTINGS", example)
    return found


def _live(azure: Azure) -> dict[str, str]:
    """Return the app's current settings; none if the app does not exist."""
    where = (
        "--name",
        azure.environ["AZURE_FUNCTION_APP_NAME"],
        "--resource-group",
        azure.environ["AZURE_RESOURCE_GROUP"],
    )
    try:
        listed = azure.az("functionapp", "config", "appsettings", "list", *where) or []
    except Failed as failure:
        if "notfound" not in str(failure).replace(" ", "").lower():
            raise
        return {}
    return {one["name"]: one["value"] for one in listed}
