"""`make start` (`python -m local.start`): runs the stand-ins, prints their addresses, and stops them on Ctrl-C."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local import children, environment, routes, signals
from local.children import ROOT, ChildFailed
from local.demo.screen import printable
from local.eventgrid.events import Schema
from local.identity import STORAGE, VERSION
from local.stack import IMAGES_CONTAINER, AlreadyRunning, Stack

STATE = ROOT / ".local"
FIRST_PORT = 20_710
"""Keeps addresses the same from one start to the next, unless another program uses one of the ports."""

NO_ROUTE = "none"
FEW_CALLS = {"MODEL_CONCURRENCY": "4"}
"""The stand-in computes on this machine's cores: of 32 calls at a time, most would end at the deadline."""


def main(arguments: list[str] | None = None) -> int:
    """Start, wait for Ctrl-C or SIGTERM, stop, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.start", description="The app and all it needs, on this machine."
    )
    parser.add_argument("--app", type=Path, default=ROOT, help="the folder of the function app")
    parser.add_argument(
        "--state", type=Path, default=STATE, help="the folder for logs, certificates and addresses.json"
    )
    parser.add_argument(
        "--route",
        choices=(*routes.NAMES, NO_ROUTE),
        default="blobTrigger",
        help=f"how uploads reach the app; {NO_ROUTE}: not at all, like pictures that were there before it",
    )
    parser.add_argument(
        "--schema", type=Schema, choices=list(Schema), default=Schema.EVENT_GRID, help="of their events"
    )
    parser.add_argument(
        "--extensions",
        type=Path,
        default=environment.extensions(),
        help="a program that runs Microsoft's own extensions, instead of their stand-in; WEBJOBS_HOST names it too",
    )
    parser.add_argument("--function", help="what the route's webhook calls, if not the usual function")
    model = parser.add_mutually_exclusive_group()
    model.add_argument(
        "--answers", choices=("vision", "script"), default="vision", help="what the stand-in model answers"
    )
    model.add_argument("--model-url", help="a model server that runs already")
    model.add_argument("--no-model", action="store_true", help="--set names a real one")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="an app setting; repeatable")
    given = parser.parse_args(arguments)

    stand_in: Sequence[str] | None = stand_in_model(given.answers)
    if given.model_url or given.no_model:
        stand_in = None
    settings = (
        {"EVENTS_TEXTS": "all"} | (FEW_CALLS if stand_in else {}) | dict(pair.split("=", 1) for pair in given.set)
    )
    stack = Stack(
        given.app,
        given.state,
        settings,
        model=stand_in,
        model_url=given.model_url,
        route=None if given.route == NO_ROUTE else given.route,
        schema=given.schema,
        function=given.function,
        extensions=given.extensions,
        first_port=FIRST_PORT,
    )
    signals.end_on_signals()
    try:
        return _run(stack, given.state, announced=given.route != NO_ROUTE)
    except signals.Ended:
        return 0  # with any other code `make` reports it, and waits for a reader of its own


def _run(stack: Stack, state: Path, *, announced: bool) -> int:
    try:
        with stack, private_files(stack, state) as file:
            print(welcome(stack, file, announced=announced), flush=True)
            seen = 0
            while True:
                time.sleep(0.5)
                stack.check()
                lines = outcomes(stack.events, seen)
                seen += len(lines)
                for line in lines:
                    print(line, flush=True)
    except BrokenPipeError:
        signals.drop_unread_output()
        print("Ended, because the program that read this output has ended.", file=sys.stderr)
    except (AlreadyRunning, ChildFailed, FileNotFoundError) as error:
        print(error, file=sys.stderr)
    return 1


def stand_in_model(answers: str) -> list[str]:
    """Return the command of the stand-in for Azure OpenAI with the deployment that the app's settings name."""
    return children.module("local.azure_openai", "--answers", answers, "--deployment", environment.DEPLOYMENT)


@contextmanager
def private_files(stack: Stack, state: Path) -> Iterator[Path]:
    """Write addresses.json and settings.json for other programs, and remove them at the end.

    They contain keys, so only their owner can read them.

    Yields:
        the path of addresses.json.

    """
    contents = {"settings.json": {"Values": stack.settings}, "addresses.json": asdict(stack.addresses)}
    for name, content in contents.items():
        (state / name).unlink(missing_ok=True)
        (state / name).touch(mode=0o600)
        (state / name).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    try:
        yield state / "addresses.json"
    finally:
        for name in contents:
            (state / name).unlink(missing_ok=True)


def outcomes(events: Path, seen: int) -> list[str]:
    """Return a line for each published event after the first `seen`: picture, status, and text or reason."""
    if not events.exists():
        return []
    return [_outcome(json.loads(line)["data"]) for line in events.read_bytes().splitlines()[seen:]]


def _outcome(data: Mapping[str, Any]) -> str:
    text = ((data.get("texts") or {}).get(data["language"]) or {}).get("alt_text", "")
    return printable(
        "  ".join(
            part for part in (f"{data['container']}/{data['name']}", data["status"], text or data["reason"]) if part
        )
    )


def welcome(stack: Stack, file: Path, *, announced: bool = True) -> str:
    """Return the addresses, with commands to copy."""
    where = stack.addresses
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in stack.environment.items())
    python, settings = shlex.quote(sys.executable), shlex.quote(str(file.parent / "settings.json"))
    root = shlex.quote(str(ROOT))
    then = (
        "this terminal shows when it is described" if announced else "it raises no event; `describer backfill` finds it"
    )
    query = f"api-version={VERSION}&resource={STORAGE}&client_id={stack.storage.identity.client_id}"
    return f"""
Running. Ctrl-C ends everything. Logs: {file.parent / "logs"}

    host        {where.http}
    HTTP        {where.api}
    MCP         {where.mcp}
    blobs       {where.blob}
    work queue  {where.queue}/image-work
    model       {where.model or "(as set)"}
    topic       {where.topic}
    published   {stack.events}
    identity    {where.identity}
    all of it   {file}

To try it from another terminal, in this folder, first:

{exports}
export APP={where.http} KEY={shlex.quote(where.function_key)}
TOKEN=$(curl -s -H "X-IDENTITY-HEADER: $IDENTITY_HEADER" "$IDENTITY_ENDPOINT?{query}" \\
  | {python} -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')

Upload a picture; {then}:

curl --cacert "$SSL_CERT_FILE" -X PUT --data-binary @samples/cat.jpg \\
  -H "Authorization: Bearer $TOKEN" -H "x-ms-version: 2025-01-05" \\
  -H "x-ms-blob-type: BlockBlob" -H "Content-Type: image/jpeg" {where.blob}/{IMAGES_CONTAINER}/cat.jpg

Wait for the record with the command line, and correct it:

describer() {{ PYTHONPATH={root} {python} -m describer --settings {settings} "$@"; }}
{"" if announced else "describer backfill --yes\n"}describer show {IMAGES_CONTAINER}/cat.jpg --wait 60
describer set {IMAGES_CONTAINER}/cat.jpg --alt-text 'Tom.'

Have a picture described for you, over HTTP, without storing it:

curl -H "x-functions-key: $KEY" -H "Content-Type: image/jpeg" --data-binary @samples/cat.jpg "$APP/api/describe"

Connect an agent: an MCP client's configuration (streamable HTTP):

{{"servers": {{"image-describer": {{"type": "http", "url": "{where.mcp}",
  "headers": {{"x-functions-key": "{where.key}"}}}}}}}}

The upload in Python ({python}):

import os
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient
credential = ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"])
blobs = BlobServiceClient("{where.blob}", credential=credential)
blobs.get_blob_client("{IMAGES_CONTAINER}", "cat.jpg").upload_blob(open("samples/cat.jpg", "rb"), overwrite=True)
"""


if __name__ == "__main__":
    sys.exit(main())
