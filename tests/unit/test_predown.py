"""`azd down` must not take resource groups with it that are only shared."""

from infra.hooks import predown


def test_what_is_all_ours_may_go() -> None:
    assert predown.refusal({"AZURE_RESOURCE_GROUP": "rg-dev"}) == ""
    assert predown.refusal({"AZURE_RESOURCE_GROUP": "rg-dev", "EXISTING_IMAGES_RESOURCE_GROUP": ""}) == ""


def test_a_shared_group_stops_it_and_the_commands_to_use_instead_are_printed() -> None:
    said = predown.refusal(
        {
            "AZURE_RESOURCE_GROUP": "rg-dev",
            "EXISTING_IMAGES_RESOURCE_GROUP": "rg-photos",
            "SYSTEM_TOPIC_RESOURCE_GROUP": "rg-photos",
            "SYSTEM_TOPIC_NAME": "events",
            "EVENT_SUBSCRIPTION_NAME": "uploads-to-func-x",
        }
    )
    assert "would delete the whole of rg-photos" in said
    assert "--resource-group rg-photos --system-topic-name events --name uploads-to-func-x" in said
    assert "az group delete --name rg-dev" in said
