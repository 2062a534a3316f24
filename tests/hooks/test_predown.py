"""`azd down` deletes whole groups; where they are of others, it is stopped, and what is ours is listed whole."""

import shlex

from infra.hooks.predown import refusal

OURS = {
    "AZURE_RESOURCE_GROUP": "rg-dev",
    "AZURE_SUBSCRIPTION_ID": "5ub",
    "SYSTEM_TOPIC_NAME": "egst-x",
    "SYSTEM_TOPIC_RESOURCE_GROUP": "rg-dev",
    "EVENT_SUBSCRIPTION_NAME": "uploads-to-func-x",
    "APP_PRINCIPAL_ID": "0b1",
}
THEIRS = {
    **OURS,
    "EXISTING_IMAGES_ACCOUNT": "stourphotos",
    "EXISTING_IMAGES_RESOURCE_GROUP": "rg-photos",
    "EXISTING_OPENAI": "our-openai",
    "EXISTING_OPENAI_RESOURCE_GROUP": "rg-ai",
    "SYSTEM_TOPIC_RESOURCE_GROUP": "rg-photos",
}
ACCOUNT = "/subscriptions/5ub/resourceGroups/rg-photos/providers/Microsoft.Storage/storageAccounts/stourphotos"


def _commands(environ: dict[str, str]) -> list[list[str]]:
    return [shlex.split(line) for line in refusal(environ).splitlines() if line.startswith("  az ")]


def test_what_is_ours_alone_is_azds_to_delete() -> None:
    assert refusal(OURS) == ""
    assert refusal(OURS | {"EXISTING_IMAGES_RESOURCE_GROUP": "rg-dev"}) == ""


def test_all_that_is_ours_in_the_groups_of_others_is_removed_before_our_own_group() -> None:
    commands = _commands(THEIRS)
    assert [command[1:3] for command in commands] == [
        ["eventgrid", "system-topic"],
        ["eventgrid", "system-topic"],
        ["role", "assignment"],
        ["role", "assignment"],
        ["group", "delete"],
    ]
    assert commands[1][3:5] == ["delete", "--yes"]
    assert commands[2][-1] == ACCOUNT
    assert commands[3][-1].endswith("/rg-ai/providers/Microsoft.CognitiveServices/accounts/our-openai")
    assert commands[4][-1] == "rg-dev"


def test_the_role_on_a_secret_of_others_is_removed_and_its_vault_stays() -> None:
    environ = OURS | {"EXISTING_KEY_VAULT": "kv-ours", "EXISTING_KEY_VAULT_RESOURCE_GROUP": "rg-secrets"}
    (role,) = [command for command in _commands(environ) if command[1] == "role"]
    assert role[-1] == (
        "/subscriptions/5ub/resourceGroups/rg-secrets/providers/Microsoft.KeyVault/vaults/kv-ours"
        "/secrets/openai-compatible"
    )
    assert "rg-secrets, which others use" in refusal(environ)


def test_a_topic_of_others_stays() -> None:
    environ = THEIRS | {"EXISTING_SYSTEM_TOPIC": "photo-events", "EXISTING_SYSTEM_TOPIC_RESOURCE_GROUP": "rg-photos"}
    topics = [command[1:4] for command in _commands(environ) if command[1] == "eventgrid"]
    assert topics == [["eventgrid", "system-topic", "event-subscription"]]
