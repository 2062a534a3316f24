"""Stops `azd down` where it would delete what is not ours.

azd deletes every resource group in which its deployment created anything (azure-dev#2916), and in the groups of an
existing images account and an existing Azure OpenAI account we create roles and a container. See azure.yaml.
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
    return "\n".join(
        [
            f"azd down would delete the whole of {groups}, which others use. Remove what is ours instead:",
            f"  {_unsubscribe(environ)}",
            f"  {shlex.join(['az', 'group', 'delete', '--name', ours])}",
            f"In {groups} there remain the container of the descriptions, and role assignments of an identity that is",
            "gone, which the portal shows as unknown and which may be deleted.",
        ]
    )


def _unsubscribe(environ: Mapping[str, str]) -> str:
    told = {
        "--resource-group": "SYSTEM_TOPIC_RESOURCE_GROUP",
        "--system-topic-name": "SYSTEM_TOPIC_NAME",
        "--name": "EVENT_SUBSCRIPTION_NAME",
    }
    words = [word for option, name in told.items() for word in (option, environ.get(name, "?"))]
    return shlex.join(["az", "eventgrid", "system-topic", "event-subscription", "delete", "--yes", *words])


if __name__ == "__main__":
    sys.exit(refusal(os.environ) or 0)  # noqa: TID251 - a hook is a program of its own
