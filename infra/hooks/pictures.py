"""Checks the images account: its containers' names, and whether an existing account is suitable."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.hooks import kept
from infra.hooks.commands import Azure, Failed, Stop

# Microsoft's rule, as in describer/settings.py, or one of Azure's special names.
_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_OF_AZURE = {"$web", "$root"}


def check_names(environ: Mapping[str, str]) -> None:
    """Reject names that the app or Azure would reject after the whole deployment.

    Raises:
        Stop: with the first of them.
    """
    for variable, names in _named(environ).items():
        for name in names:
            if not _NAME.fullmatch(name) and (name not in _OF_AZURE or variable == "DESCRIPTIONS_CONTAINER"):
                raise Stop(
                    f"{variable} has {name!r}; a container's name is 3 to 63 lower-case letters, digits and single"
                    " hyphens.",
                    *("azd", "env", "set", variable, _likely(name)),
                )
            if name in _OF_AZURE and not environ.get("EXISTING_IMAGES_ACCOUNT"):
                sentence = f"{name} is made by Azure, in an account that exists; name that account."
                raise Stop(sentence, "azd", "env", "set", "EXISTING_IMAGES_ACCOUNT", "NAME")
            if name == "$root" and _route(environ) == "blobTrigger":
                raise Stop(
                    "The blob trigger misreads the names in $root.", "azd", "env", "set", "UPLOAD_ROUTE", "queue"
                )


def find(azure: Azure) -> dict[str, str]:
    """Return group, region and system topic of the existing account, to store in azd's environment.

    Raises:
        Stop: a person must act first.
    """
    environ = azure.environ
    name, group = environ["EXISTING_IMAGES_ACCOUNT"], environ.get("EXISTING_IMAGES_RESOURCE_GROUP", "")
    account = azure.named(azure.az("storage", "account", "list"), name, group)
    if account is None:
        words = azure.words("storage", "account", "list", "-o", "table")
        raise Stop(azure.absent("storage account", name, group), *words)
    _check_kind(azure, account)
    for container in containers(environ):
        _check_container(azure, account, container)
    for note in _notes(azure, account):
        print(note)
    return {
        "EXISTING_IMAGES_RESOURCE_GROUP": account["resourceGroup"],
        "EXISTING_IMAGES_LOCATION": account["location"],
        **_system_topic(azure, account),
    }


def containers(environ: Mapping[str, str]) -> list[str]:
    """Return the containers of pictures."""
    named = _named(environ)
    return [*named["IMAGES_CONTAINER"], *named["IMAGES_MORE_CONTAINERS"]]


def _named(environ: Mapping[str, str]) -> dict[str, list[str]]:
    more = [name.strip() for name in environ.get("IMAGES_MORE_CONTAINERS", "").split(",") if name.strip()]
    return {
        "IMAGES_CONTAINER": [environ.get("IMAGES_CONTAINER") or "images"],
        "IMAGES_MORE_CONTAINERS": more,
        "DESCRIPTIONS_CONTAINER": [environ.get("DESCRIPTIONS_CONTAINER") or "descriptions"],
    }


def _likely(name: str) -> str:
    """Return similar names."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63] or "images"


def _route(environ: Mapping[str, str]) -> str:
    return environ.get("UPLOAD_ROUTE") or "blobTrigger"


def _check_kind(azure: Azure, account: Mapping[str, Any]) -> None:
    name, kind, route = account["name"], account["kind"], _route(azure.environ)
    if kind == "FileStorage":
        sentence = f"{name} keeps files, and no blobs; name another account."
        raise Stop(sentence, "azd", "env", "set", "EXISTING_IMAGES_ACCOUNT", "NAME")
    if kind == "Storage":
        words = ("storage", "account", "update", "--name", name, "--resource-group", account["resourceGroup"])
        sentence = f"{name} is of the first generation, of which Event Grid hears nothing; it can be upgraded in place."
        raise Stop(sentence, *azure.words(*words, "--upgrade-to-storagev2"))
    if account.get("isHnsEnabled") and route == "blobTrigger":
        sentence = (
            f"{name} has a hierarchical namespace, in which pictures are renamed; blobTrigger hears of uploads only."
        )
        raise Stop(sentence, "azd", "env", "set", "UPLOAD_ROUTE", "queue")


def _check_container(azure: Azure, account: Mapping[str, Any], container: str) -> None:
    where = ("--storage-account", account["name"], "--resource-group", account["resourceGroup"])
    try:  # by Resource Manager, which needs neither a key nor a role on the blobs
        azure.az("storage", "container-rm", "show", "--name", container, *where)
    except Failed as failure:
        if "notfound" not in str(failure).replace(" ", "").lower():
            raise
        raise Stop(
            f"{account['name']} has no container {container}, and Bicep creates none in an existing account.",
            *azure.words("storage", "container-rm", "create", "--name", container, *where),
        ) from failure


def _notes(azure: Azure, account: Mapping[str, Any]) -> Iterator[str]:
    """Return what describing changes in this account, and which pictures have no events."""
    name, where = account["name"], ("--account-name", account["name"], "--resource-group", account["resourceGroup"])
    if account.get("enableNfsV3"):
        yield (
            f"{name} takes writes by NFS 3.0, of which Event Grid hears nothing: such pictures are described only when"
            ' you put an event for each on the queue (docs/operations.md, "Pictures without an event").'
        )
    if account.get("isHnsEnabled"):
        yield (
            f"{name} has a hierarchical namespace: a client that flushes a file without closing it raises no event of"
            ' the whole file, and its picture is not described (docs/operations.md, "Pictures without an event").'
        )
    if kept.app_settings(azure.environ).get("WRITE_METADATA", "").lower() == "false":
        return
    properties = azure.az("storage", "account", "blob-service-properties", "show", *where) or {}
    versions = " makes a version of it, which is kept and paid, and" if properties.get("isVersioningEnabled") else ""
    yield (
        f"In {name} each description is copied into its picture's metadata. That{versions} moves its Last-Modified and"
        " ETag: lifecycle rules count its age anew, and sync tools copy it again. To leave pictures untouched:"
        ' azd env set APP_SETTINGS \'{"WRITE_METADATA": "false"}\' (docs/deploy.md says at what price).'
    )


def _system_topic(azure: Azure, account: Mapping[str, Any]) -> dict[str, str]:
    """Return this account's only system topic; nothing if it has none or it is ours."""
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
    """Return whether an earlier run for this environment made it; Bicep still owns it."""
    name = azure.environ.get("AZURE_ENV_NAME", "")
    return bool(name) and (topic.get("tags") or {}).get("azd-env-name") == name
