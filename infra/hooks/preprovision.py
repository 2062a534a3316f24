"""Before `azd provision`: finds existing resources, or stops with the command for what Bicep cannot do.

The findings are stored in azd's environment, which main.parameters.json reads.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":  # run as a program, by any Python in any folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.hooks import decisions, kept, model, pictures
from infra.hooks.commands import Azure, Stop, run

FOUND = (
    "EXISTING_IMAGES_RESOURCE_GROUP",
    "EXISTING_IMAGES_LOCATION",
    "EXISTING_SYSTEM_TOPIC",
    "EXISTING_SYSTEM_TOPIC_RESOURCE_GROUP",
    "EXISTING_OPENAI_CAPACITY",
    "RESTORE_OPENAI",
)
"""Variables that only this hook sets, and deletes if it does not find them again."""

_LISTS = ("ALLOWED_IP_RANGES",)
_OBJECTS = ("RESOURCE_TAGS", "DNS_ZONE_IDS")


def prepare(azure: Azure, ask: model.Ask | None = None) -> None:
    """Find, store, and print.

    Args:
        azure: with azd's environment.
        ask: asks a person for missing values; None without a terminal.

    Raises:
        Stop: a person must act first.
        Failed: a command failed.
    """
    environ = azure.environ
    _check_json(environ)
    pictures.check_names(environ)
    _check_way_in(environ)
    for line in decisions.sentences(environ):
        print(line)
    found = dict.fromkeys(FOUND, "") | kept.find(azure)
    if environ.get("EXISTING_IMAGES_ACCOUNT"):
        found |= pictures.find(azure)
    found |= model.find(azure, ask)
    for name, value in found.items():
        if value != environ.get(name, "") and (value, environ.get(name, "")) not in {("false", ""), ("0", "")}:
            azure.azd("env", "set", name, value)
            print(f"{name}={value}")


def _check_json(environ: Mapping[str, str]) -> None:
    """Check that they are JSON, since azd's own message does not help."""
    for names, kind, example in ((_LISTS, list, '["203.0.113.7/32"]'), (_OBJECTS, dict, '{"owner": "web-team"}')):
        for name in names:
            try:
                right = not environ.get(name) or isinstance(json.loads(environ[name]), kind)
            except json.JSONDecodeError:
                right = False
            if not right:
                raise Stop(f"{name} is {environ[name]}; expected JSON.", "azd", "env", "set", name, example)


def _check_way_in(environ: Mapping[str, str]) -> None:
    """Check the route: an isolated app on the route queue accepts no calls, so its code could not be deployed."""
    if environ.get("NETWORK_ISOLATION", "").lower() != "true":
        return
    if not environ.get("ALERT_EMAIL"):
        print("ALERT_EMAIL is not set: if Event Grid cannot reach the closed storage, alerts stand in the portal only.")
    open_to_some = environ.get("ALLOWED_IP_RANGES", "[]") not in {"", "[]"}
    within = environ.get("APP_PRIVATE_ENDPOINT", "").lower() == "true"
    if environ.get("UPLOAD_ROUTE") == "queue" and not open_to_some and not within:
        raise Stop(
            "Isolated on the route queue, the app takes no calls from outside, and a deployment is one. Deploy from"
            " within the network, by a private endpoint of the app, or name your own addresses in ALLOWED_IP_RANGES"
            ' (docs/deploy.md, "Behind private endpoints").',
            *("azd", "env", "set", "APP_PRIVATE_ENDPOINT", "true"),
        )


def ask_person(question: str, choices: Sequence[str]) -> str:
    """Ask at the terminal until one of the choices is given."""
    print(question)
    for number, choice in enumerate(choices, 1):
        print(f"  {number}. {choice}")
    while True:
        try:
            said = input("Which? ").strip()
        except EOFError:
            raise Stop(f"No choice was made. {question}") from None
        if said in choices:
            return said
        if said.isdecimal() and 1 <= int(said) <= len(choices):
            return choices[int(said) - 1]


if __name__ == "__main__":
    run(lambda: prepare(Azure(os.environ), ask_person if sys.stdin.isatty() else None))  # noqa: TID251 - a program of its own
