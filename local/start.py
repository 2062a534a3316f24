"""`make start` (`python -m local.start`): keeps the stand-ins up, says where they are, and ends them on Ctrl-C."""

import argparse
import json
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from local import children, environment, routes
from local.children import ROOT, ChildFailed
from local.eventgrid.events import Schema
from local.identity import STORAGE, VERSION
from local.stack import IMAGES_CONTAINER, AlreadyRunning, Stack

STATE = ROOT / ".local"


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, start, wait for Ctrl-C or SIGTERM, end; the result is the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.start", description="The app and all it needs, on this machine."
    )
    parser.add_argument("--app", type=Path, default=ROOT, help="the folder of the function app")
    parser.add_argument(
        "--state", type=Path, default=STATE, help="the folder for logs, certificates and addresses.json"
    )
    parser.add_argument("--route", choices=routes.NAMES, default="blobTrigger", help="how uploads reach the app")
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
    settings = dict(pair.split("=", 1) for pair in given.set)
    stack = Stack(
        given.app,
        given.state,
        settings,
        model=stand_in,
        model_url=given.model_url,
        route=given.route,
        schema=given.schema,
        function=given.function,
        extensions=given.extensions,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        with stack, _addresses(stack, given.state / "addresses.json") as file:
            print(welcome(stack, file), flush=True)
            while not stop.wait(0.5):
                stack.check()
    except (AlreadyRunning, ChildFailed, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def stand_in_model(answers: str) -> list[str]:
    """Give the command of the stand-in for Azure OpenAI with the one deployment that the app's settings name."""
    return children.module("local.azure_openai", "--answers", answers, "--deployment", environment.DEPLOYMENT)


@contextmanager
def _addresses(stack: Stack, file: Path) -> Iterator[Path]:
    """Write addresses.json for other programs, for its owner only (it holds a key), and remove it at the end."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(stack.addresses), indent=2) + "\n", "utf-8")
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def welcome(stack: Stack, file: Path) -> str:
    """Say where things are, with lines to copy that try them."""
    where = stack.addresses
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in stack.environment.items())
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
TOKEN=$(curl -s -H "X-IDENTITY-HEADER: $IDENTITY_HEADER" "$IDENTITY_ENDPOINT?{query}" \\
  | {shlex.quote(sys.executable)} -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')

Upload a picture, and read what was written about it:

curl --cacert "$SSL_CERT_FILE" -X PUT --data-binary @samples/cat.jpg \\
  -H "Authorization: Bearer $TOKEN" -H "x-ms-version: 2025-01-05" \\
  -H "x-ms-blob-type: BlockBlob" -H "Content-Type: image/jpeg" {where.blob}/{IMAGES_CONTAINER}/cat.jpg
curl --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $TOKEN" -H "x-ms-version: 2025-01-05" \\
  {where.blob}/descriptions/{IMAGES_CONTAINER}/cat.jpg.json

Have a picture described for you, over HTTP, without storing it:

curl -H "x-functions-key: {where.function_key}" -H "Content-Type: image/jpeg" \\
  --data-binary @samples/cat.jpg {where.api}/describe

Let an agent do so: an MCP client's configuration (streamable HTTP):

{{"servers": {{"image-describer": {{"type": "http", "url": "{where.mcp}",
  "headers": {{"x-functions-key": "{where.key}"}}}}}}}}

The upload in Python ({shlex.quote(sys.executable)}):

import os
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient
credential = ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"])
blobs = BlobServiceClient("{where.blob}", credential=credential)
blobs.get_blob_client("{IMAGES_CONTAINER}", "cat.jpg").upload_blob(open("samples/cat.jpg", "rb"), overwrite=True)
"""


if __name__ == "__main__":
    sys.exit(main())
