"""Before `azd provision`: finds what exists already, or stops with the command that mends what Bicep cannot.

Quiet where nothing exists yet. What was found is stored in azd's environment, where main.parameters.json reads it.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # a program of its own, run by any Python in any folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.hooks.commands import Azure, Failed, Stop, run

FOUND = (
    "EXISTING_IMAGES_RESOURCE_GROUP",
    "EXISTING_IMAGES_LOCATION",
    "EXISTING_SYSTEM_TOPIC",
    "EXISTING_SYSTEM_TOPIC_RESOURCE_GROUP",
)
WHERE = ("GlobalStandard", "DataZoneStandard", "Standard")
_CHOICE = "infra.parameters.modelSkuName"


def prepare(azure: Azure, *, asks: bool) -> None:
    """Looks, stores, says so.

    Args:
        azure: with azd's environment.
        asks: azd can ask people for what is missing.

    Raises:
        Stop: somebody must do something first.
        Failed: a command failed.
    """
    environ = azure.environ
    choice = _where(azure, asks=asks)
    found = dict.fromkeys(FOUND, "")
    if environ.get("EXISTING_IMAGES_ACCOUNT"):
        found |= _images(azure)
    if environ.get("EXISTING_OPENAI"):
        found |= _openai(azure, choice)
    for name, value in found.items():
        if value != environ.get(name, ""):
            azure.azd("env", "set", name, value)
            print(f"{name}={value}")


def _where(azure: Azure, *, asks: bool) -> str:
    """Where pictures may be processed, or nothing where azd will ask."""
    try:
        chosen = azure.azd("env", "config", "get", _CHOICE).strip().strip('"')
    except Failed:
        chosen = ""  # not chosen yet
    if chosen not in WHERE and (chosen or not asks):
        raise _undecided()
    return chosen


def _undecided() -> Stop:
    return Stop(
        "Where may pictures be processed? Choose GlobalStandard (any region of Azure), DataZoneStandard (within the EU"
        " or the US) or Standard (one region); there is no default.",
        *("azd", "env", "config", "set", _CHOICE, "GlobalStandard"),
    )


def _images(azure: Azure) -> dict[str, str]:
    environ = azure.environ
    name, group = environ["EXISTING_IMAGES_ACCOUNT"], environ.get("EXISTING_IMAGES_RESOURCE_GROUP", "")
    account = _named(azure.az("storage", "account", "list"), name, group)
    if account is None:
        raise Stop(_absent("storage account", name, group), *azure.words("storage", "account", "list", "-o", "table"))
    _check_kind(azure, account)
    _check_container(azure, account)
    return {
        "EXISTING_IMAGES_RESOURCE_GROUP": account["resourceGroup"],
        "EXISTING_IMAGES_LOCATION": account["location"],
        **_system_topic(azure, account),
    }


def _check_kind(azure: Azure, account: Mapping[str, Any]) -> None:
    name, kind = account["name"], account["kind"]
    route = azure.environ.get("UPLOAD_ROUTE") or "blobTrigger"
    if kind == "FileStorage":
        raise Stop(
            f"{name} keeps files, and no blobs; name another account.",
            "azd",
            "env",
            "set",
            "EXISTING_IMAGES_ACCOUNT",
            "NAME",
        )
    if kind == "Storage":
        words = ("storage", "account", "update", "--name", name, "--resource-group", account["resourceGroup"])
        sentence = f"{name} is of the first generation, of which Event Grid hears nothing; it can be upgraded in place."
        raise Stop(sentence, *azure.words(*words, "--upgrade-to-storagev2"))
    if kind in {"BlobStorage", "BlockBlobStorage"} and route != "queue":
        sentence = f"{name} ({kind}) has no queues, which the route {route} needs; take the route queue."
        raise Stop(sentence, "azd", "env", "set", "UPLOAD_ROUTE", "queue")
    if account.get("isHnsEnabled") and route == "blobTrigger":
        sentence = (
            f"{name} has a hierarchical namespace, in which pictures are renamed; blobTrigger hears of uploads only."
        )
        raise Stop(sentence, "azd", "env", "set", "UPLOAD_ROUTE", "queue")


def _check_container(azure: Azure, account: Mapping[str, Any]) -> None:
    container = azure.environ.get("IMAGES_CONTAINER") or "images"
    where = ("--storage-account", account["name"], "--resource-group", account["resourceGroup"])
    try:  # by Resource Manager: that takes neither a key nor a role on the blobs
        azure.az("storage", "container-rm", "show", "--name", container, *where)
    except Failed as failure:
        if "notfound" not in str(failure).replace(" ", "").lower():
            raise
        raise Stop(
            f"{account['name']} has no container {container}, and Bicep creates none in an existing account.",
            *azure.words("storage", "container-rm", "create", "--name", container, *where),
        ) from failure


def _system_topic(azure: Azure, account: Mapping[str, Any]) -> dict[str, str]:
    """The topic of this account, of which there can be one only; nothing where it is missing or our own."""
    topics = azure.az("eventgrid", "system-topic", "list") or []
    topic = next((topic for topic in topics if topic["source"].lower() == account["id"].lower()), None)
    if topic is None or _ours(azure, topic):
        return {}
    name, group = topic["name"], topic["resourceGroup"]
    if "systemassigned" not in str((topic.get("identity") or {}).get("type", "")).lower():
        words = ("eventgrid", "system-topic", "update", "--name", name, "--resource-group", group)
        sentence = f"The system topic {name} has no identity of its own, by which its dead letters are written."
        raise Stop(sentence, *azure.words(*words, "--identity", "systemassigned"))
    return {"EXISTING_SYSTEM_TOPIC": name, "EXISTING_SYSTEM_TOPIC_RESOURCE_GROUP": group}


def _ours(azure: Azure, topic: Mapping[str, Any]) -> bool:
    """Made by an earlier run for this very environment; Bicep goes on owning it."""
    name = azure.environ.get("AZURE_ENV_NAME", "")
    return bool(name) and (topic.get("tags") or {}).get("azd-env-name") == name


def _openai(azure: Azure, choice: str) -> dict[str, str]:
    environ = azure.environ
    name, group = environ["EXISTING_OPENAI"], environ.get("EXISTING_OPENAI_RESOURCE_GROUP", "")
    account = _named(azure.az("cognitiveservices", "account", "list"), name, group)
    if account is None:
        words = azure.words("cognitiveservices", "account", "list", "-o", "table")
        raise Stop(_absent("Azure OpenAI account", name, group), *words)
    where = ("--name", account["name"], "--resource-group", account["resourceGroup"])
    if not account["properties"].get("customSubDomainName"):
        sentence = f"{name} has no subdomain of its own, without which nobody can sign in to it by identity."
        raise Stop(
            sentence, *azure.words("cognitiveservices", "account", "update", *where, "--custom-domain", name.lower())
        )
    _check_deployment(azure, where, choice)
    return {"EXISTING_OPENAI_RESOURCE_GROUP": account["resourceGroup"]}


def _check_deployment(azure: Azure, where: tuple[str, ...], choice: str) -> None:
    named = azure.environ.get("EXISTING_OPENAI_DEPLOYMENT", "")
    deployments = azure.az("cognitiveservices", "account", "deployment", "list", *where) or []
    names = ", ".join(deployment["name"] for deployment in deployments) or "none"
    if not named:
        first = deployments[0]["name"] if deployments else "NAME"
        sentence = f"Which deployment of {where[1]} is asked? There are: {names}."
        raise Stop(sentence, "azd", "env", "set", "EXISTING_OPENAI_DEPLOYMENT", first)
    if named.lower() not in {deployment["name"].lower() for deployment in deployments}:
        if not choice:
            raise _undecided()
        model = ("--model-name", azure.environ.get("MODEL_NAME") or "gpt-5.6-luna", "--model-format", "OpenAI")
        version = ("--model-version", azure.environ.get("MODEL_VERSION") or "2026-07-09")
        sku = ("--sku-name", choice, "--sku-capacity", azure.environ.get("MODEL_CAPACITY") or "100")
        words = ("cognitiveservices", "account", "deployment", "create", *where, "--deployment-name", named)
        sentence = f"{where[1]} has no deployment {named}; there are: {names}."
        raise Stop(sentence, *azure.words(*words, *model, *version, *sku))


def _named(resources: Iterable[Mapping[str, Any]] | None, name: str, group: str) -> Mapping[str, Any] | None:
    for resource in resources or []:
        if resource["name"].lower() == name.lower() and group.lower() in {"", resource["resourceGroup"].lower()}:
            return resource
    return None


def _absent(kind: str, name: str, group: str) -> str:
    return f"There is no {kind} {name} in {f'the resource group {group}' if group else 'this subscription'}; there are:"


if __name__ == "__main__":
    run(lambda: prepare(Azure(os.environ), asks=sys.stdin.isatty()))  # noqa: TID251 - a hook is a program of its own
