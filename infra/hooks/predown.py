"""Stops `azd down` if it would delete resources that are not ours.

azd deletes every resource group in which its deployment created anything (azure-dev#2916), and in the groups of an
existing images account, Azure OpenAI account and key vault we create roles and a container. See azure.yaml.
"""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping

FOREIGN = (
    "EXISTING_IMAGES_RESOURCE_GROUP",
    "EXISTING_OPENAI_RESOURCE_GROUP",
    "EXISTING_KEY_VAULT_RESOURCE_GROUP",
    "EXISTING_SYSTEM_TOPIC_RESOURCE_GROUP",
)


def refusal(environ: Mapping[str, str]) -> str:
    """Return why `azd down` must not run here, and what to do instead; empty if it may."""
    ours = environ.get("AZURE_RESOURCE_GROUP", "")
    foreign = sorted({environ[name] for name in FOREIGN if environ.get(name)} - {ours})
    if not foreign:
        return ""
    groups = ", ".join(foreign)
    return "\n".join(
        [
            f"azd down would delete the whole of {groups}, which others use. Remove what is ours, in this order:",
            *(f"  {shlex.join(('az', *words))}" for words in _commands(environ, ours)),
            f"Then there remains in {groups} the container of the descriptions, which is yours to keep or delete.",
        ]
    )


def _commands(environ: Mapping[str, str], ours: str) -> Iterator[tuple[str, ...]]:
    """Return the commands, our group last: role assignments are found while their identity exists."""
    topic, group = environ.get("SYSTEM_TOPIC_NAME", "?"), environ.get("SYSTEM_TOPIC_RESOURCE_GROUP", "?")
    event_grid = ("eventgrid", "system-topic")
    subscription = environ.get("EVENT_SUBSCRIPTION_NAME", "?")
    where = ("--resource-group", group, "--system-topic-name", topic, "--name", subscription)
    yield (*event_grid, "event-subscription", "delete", "--yes", *where)
    if not environ.get("EXISTING_SYSTEM_TOPIC") and group != ours:
        yield (*event_grid, "delete", "--yes", "--resource-group", group, "--name", topic)
    account = _account(environ)
    if principal := environ.get("APP_PRINCIPAL_ID"):
        for scope in filter(None, (account, _model(environ), _secret(environ))):
            yield ("role", "assignment", "delete", "--assignee", principal, "--scope", scope)
    yield ("group", "delete", "--name", ours)


def _account(environ: Mapping[str, str]) -> str:
    group, name = environ.get("EXISTING_IMAGES_RESOURCE_GROUP"), environ.get("EXISTING_IMAGES_ACCOUNT")
    return _id(environ, group, f"Microsoft.Storage/storageAccounts/{name}") if group and name else ""


def _model(environ: Mapping[str, str]) -> str:
    group, name = environ.get("EXISTING_OPENAI_RESOURCE_GROUP"), environ.get("EXISTING_OPENAI")
    return _id(environ, group, f"Microsoft.CognitiveServices/accounts/{name}") if group and name else ""


def _secret(environ: Mapping[str, str]) -> str:
    group, name = environ.get("EXISTING_KEY_VAULT_RESOURCE_GROUP"), environ.get("EXISTING_KEY_VAULT")
    secret = environ.get("KEY_VAULT_ENTRY") or "openai-compatible"
    return _id(environ, group, f"Microsoft.KeyVault/vaults/{name}/secrets/{secret}") if group and name else ""


def _id(environ: Mapping[str, str], group: str, resource: str) -> str:
    return f"/subscriptions/{environ.get('AZURE_SUBSCRIPTION_ID', '?')}/resourceGroups/{group}/providers/{resource}"


if __name__ == "__main__":
    sys.exit(refusal(os.environ) or 0)  # noqa: TID251 - a hook is a program of its own
