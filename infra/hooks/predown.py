"""Stops `azd down` where it would delete what is not ours.

azd deletes every resource group in which its deployment created anything (azure-dev#2916), and beside an existing images
account or an existing Azure OpenAI account we create roles and a container. Run by azd; see azure.yaml.
"""

import os
import shlex
import sys
from collections.abc import Mapping

FOREIGN = (
    "EXISTING_IMAGES_RESOURCE_GROUP",
    "EXISTING_OPENAI_RESOURCE_GROUP",
    "EXISTING_SYSTEM_TOPIC_RESOURCE_GROUP",
)


def refusal(environ: Mapping[str, str]) -> str:
    """Why `azd down` must not run here, and what to do instead; empty where it may."""
    ours = environ.get("AZURE_RESOURCE_GROUP", "")
    foreign = sorted({environ[name] for name in FOREIGN if environ.get(name)} - {ours})
    if not foreign:
        return ""
    groups = ", ".join(foreign)
    topic = (environ.get("SYSTEM_TOPIC_RESOURCE_GROUP", ""), environ.get("SYSTEM_TOPIC_NAME", ""))
    unsubscribe = shlex.join(
        ["az", "eventgrid", "system-topic", "event-subscription", "delete", "--yes"]
        + ["--resource-group", topic[0], "--system-topic-name", topic[1]]
        + ["--name", environ.get("EVENT_SUBSCRIPTION_NAME", "")]
    )
    return "\n".join(
        [
            f"azd down would delete the whole of {groups}, which this installation only shares. Remove what is ours instead:",
            f"  {unsubscribe}",
            f"  {shlex.join(['az', 'group', 'delete', '--name', ours])}",
            f"What stays in {groups}: the container of the descriptions, and role assignments of a deleted identity, which",
            "the portal shows as unknown and which may be deleted.",
        ]
    )


if __name__ == "__main__":
    sys.exit(refusal(os.environ) or 0)  # noqa: TID251 - a hook has no settings object
