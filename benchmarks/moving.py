"""A library of described pictures moves to another account: `python -m benchmarks.moving [--azcopy PROGRAM]`.

Describes pictures on Azurite with the scripted model, corrects some as a person would, and copies all to further
accounts, sidecars first: by rclone (Debian's package), by azcopy (npm's @azure-tools/azcopy-linux; through a folder,
as Azurite refuses the metadata of its copies between accounts), and by Copy Blob. There the app processes each picture
as after its upload. It must not call the model, and must keep every text. Then rclone overwrites the pictures with
others, and no text of the old ones may remain.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from azure.storage.blob.aio import BlobServiceClient

from benchmarks.figures import Figure, conclude, parser
from local import environment
from local.azure_openai.script import Model, Script, serve
from local.children import ROOT
from local.sink import Topic
from local.storage import Storage, running
from tests import pictures

PICTURES: Final = 200
CORRECTED: Final = 10
CONTAINERS: Final = ("descriptions", "images")  # in the order of the copy
_FIRST: Final = "images"
_RCLONE: Final = shutil.which("rclone") or ""
_ROUTES: Final = ("rclone", "azcopy", "copystart")
_ALL: Final = ContainerSasPermissions(read=True, write=True, list=True, create=True, add=True, delete=True)


@dataclass(frozen=True, slots=True)
class Library:
    """The accounts, and how the app runs on them."""

    storage: Storage
    model: Model
    settings: dict[str, str]
    folder: Path
    names: list[str]
    tokens: dict[str, str]

    def app(self, account: str, *arguments: str) -> list[dict[str, Any]]:
        """Runs the command line on an account and returns its lines of JSON."""
        env = {**environment.clean(), **self.settings, **self.storage.connection("IMAGES", account)}
        command = [sys.executable, "-m", "describer", *arguments, "--json"]
        run = subprocess.run(
            command, env=env | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, cwd=self.folder
        )
        if run.returncode:
            print(run.stderr, file=sys.stderr)
        return [json.loads(line) for line in run.stdout.splitlines()]

    def worked(self, account: str) -> dict[str, dict[str, Any]]:
        """Has each picture of an account worked as after its upload; the records by name."""
        lines = self.app(account, "describe", "--container", "images", *self.names, "--write")
        return {line["picture"].removeprefix("images/"): line for line in lines}

    def address(self, account: str, container: str) -> str:
        """The address with a signature."""
        return f"{self.storage.url('blob', account)}/{container}?{self.tokens[f'{account}/{container}']}"


async def signatures(storage: Storage, accounts: tuple[str, ...]) -> dict[str, str]:
    """Makes the containers, and signatures (user delegation) by which the tools open them."""
    found = {}
    start, end = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=3)
    for account in accounts:
        async with storage.blob_service(account) as service:
            key = await service.get_user_delegation_key(start, end)
        for container in CONTAINERS:
            storage.create_container(container, account)
            token = generate_container_sas(
                account, container, user_delegation_key=key, permission=_ALL, start=start, expiry=end
            )
            found[f"{account}/{container}"] = token
    return found


async def upload(storage: Storage, names: list[str]) -> None:
    """Puts the pictures, each of another size, into the first account."""
    async with storage.blob_service(_FIRST) as service:
        for number, name in enumerate(names):
            await service.get_blob_client("images", name).upload_blob(pictures.jpeg(300 + number, 100))


def by_rclone(library: Library, account: str) -> None:
    """From account to account, through this machine."""
    for container in CONTAINERS:
        remotes = {"a": library.address(_FIRST, container), "b": library.address(account, container)}
        _rclone(library, remotes, f"a:{container}", f"b:{container}")


def _rclone(library: Library, remotes: dict[str, str], source: str, target: str) -> None:
    options = {f"RCLONE_CONFIG_{name.upper()}_SAS_URL": address for name, address in remotes.items()}
    options |= {f"RCLONE_CONFIG_{name.upper()}_TYPE": "azureblob" for name in remotes}
    trust = ["--ca-cert", str(library.storage.certificate.ca), "--config", os.devnull]
    subprocess.run([_RCLONE, "copy", *trust, source, target], env=environment.clean() | options, check=True)


def by_azcopy(program: str) -> Callable[[Library, str], None]:
    """Down to a folder and up again."""

    def copy(library: Library, account: str) -> None:
        home = str(library.folder / "azcopy")
        env = environment.clean() | {"SSL_CERT_FILE": str(library.storage.certificate.ca), "AZCOPY_LOG_LOCATION": home}
        env |= {"AZCOPY_JOB_PLAN_LOCATION": home, "AZCOPY_DISABLE_SYSLOG": "true"}
        for container in CONTAINERS:
            folder = library.folder / "by-azcopy" / container
            folder.mkdir(parents=True)
            down = [
                program,
                "copy",
                library.address(_FIRST, container),
                str(folder),
                "--recursive",
                "--from-to=BlobLocal",
            ]
            up = [program, "copy", f"{folder}/{container}/*", library.address(account, container), "--recursive"]
            for command in (down, [*up, "--from-to=LocalBlob"]):
                subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)

    return copy


def by_copy_blob(library: Library, account: str) -> None:
    """Within the service, as `az storage blob copy start` does it."""

    async def copy() -> None:
        async with library.storage.blob_service(_FIRST) as source, library.storage.blob_service(account) as target:
            for container in CONTAINERS:
                token = library.tokens[f"{_FIRST}/{container}"]
                async for name in source.get_container_client(container).list_blob_names():
                    address = f"{source.get_blob_client(container, name).url}?{token}"
                    await target.get_blob_client(container, name).start_copy_from_url(address)

    asyncio.run(copy())


async def metadata(service: BlobServiceClient, name: str) -> dict[str, str]:
    """A picture's own, lower case; empty where it is gone."""
    with suppress(ResourceNotFoundError):
        properties = await service.get_blob_client("images", name).get_blob_properties()
        return {key.lower(): value for key, value in properties.metadata.items()}
    return {}


def moved(library: Library, route: str, copy: Callable[[Library, str], None], texts: dict[str, str]) -> list[Figure]:
    """Copies by one route, processes all, and compares the texts."""
    copy(library, route)
    before = len(library.model.requests)
    found = library.worked(route)
    same = sum(found.get(name, {}).get("alt_text") == text for name, text in texts.items())
    return [
        Figure(f"{route}: calls of the model", len(library.model.requests) - before, "calls", at_most=0),
        Figure(f"{route}: texts that are there", same, "texts", at_least=len(texts)),
    ]


def overwritten(library: Library, account: str, texts: dict[str, str]) -> list[Figure]:
    """Replaces the pictures by rclone, and counts the old texts that are left."""
    folder = library.folder / "new"
    folder.mkdir()
    for number, name in enumerate(library.names):
        (folder / name).write_bytes(pictures.jpeg(700 + number, 100))
    _rclone(library, {"b": library.address(account, "images")}, str(folder), "b:images")
    found = library.worked(account)
    old = sum(found[name].get("alt_text") == texts[name] for name in library.names)

    async def marked() -> int:
        async with library.storage.blob_service(account) as service:
            found = [await metadata(service, name) for name in library.names]
        return sum(one.get("alt_text") == texts[name] for name, one in zip(library.names, found, strict=True))

    return [
        Figure("overwritten: records with the old text", old, "texts", at_most=0),
        Figure("overwritten: metadata with the old text", asyncio.run(marked()), "texts", at_most=0),
    ]


def _trust(state: Path) -> dict[str, str]:
    """Makes Azurite, which reads the source of a copy by HTTPS, trust itself."""
    return {"NODE_EXTRA_CA_CERTS": str(state / "tls/cert.pem")}


def measure(azcopy: str | None) -> list[Figure]:
    """All routes whose program is installed; the others are named."""
    names = [f"picture-{number:03}.jpg" for number in range(PICTURES)]
    accounts = (_FIRST, "host", *_ROUTES)
    routes: dict[str, Callable[[Library, str], None]] = {"rclone": by_rclone, "copystart": by_copy_blob}
    if azcopy:
        routes["azcopy"] = by_azcopy(azcopy)
    else:
        print("azcopy is not there: its route is left out.")
    with (
        tempfile.TemporaryDirectory() as scratch,
        running(Path(scratch), environment.clean() | _trust(Path(scratch)), accounts=accounts) as storage,
        serve(Script()) as model,
    ):
        topic = Topic(Path(scratch) / "events.jsonl", storage.certificate)
        topic.up()
        for queue in ("image-work", "backfills", "dead-letter-queue", "unpublished-events"):
            storage.create_queue(queue)
        storage.create_container("backfills", storage.host)
        settings = {
            **storage.environment,
            **storage.connection("AzureWebJobsStorage", storage.host),
            "IMAGES_CONTAINER": "images",
            "DESCRIPTIONS_CONTAINER": "descriptions",
            "EVENTS_TOPIC_ENDPOINT": topic.endpoint,
            "AZURE_OPENAI_ENDPOINT": model.url,
            "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna",
        }
        tokens = asyncio.run(signatures(storage, (_FIRST, *routes)))
        library = Library(storage, model, settings, Path(scratch), names, tokens)
        asyncio.run(upload(storage, names))
        library.worked(_FIRST)
        for number, name in enumerate(names[:CORRECTED]):
            library.app(_FIRST, "set", f"images/{name}", "--alt-text", f"What a person wrote, {number}.")
        texts = {name: record["alt_text"] for name, record in library.worked(_FIRST).items()}
        figures = [Figure("pictures described", len(model.requests), "calls", at_most=PICTURES, at_least=PICTURES)]
        for route, copy in routes.items():
            figures += moved(library, route, copy, texts)
        figures += overwritten(library, "rclone", texts)
        topic.close()
    return figures


def main() -> None:
    """The command line."""
    options = parser("moving")
    options.add_argument("--azcopy", default=shutil.which("azcopy"), metavar="PROGRAM")
    given = options.parse_args()
    if not _RCLONE:
        sys.exit("rclone is not there: install Debian's package of that name.")
    conclude(measure(given.azcopy), given)


if __name__ == "__main__":
    main()
