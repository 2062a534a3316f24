"""Runs the smoke test from outside the app: uploads a picture and waits for the app's description of it."""

import json
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from describer.domain.naming import shared_key, shared_name, sidecar_name
from describer.operations.smoke_image import FOLDER, PASSING, SmokeImage
from infra.hooks.commands import Azure, Clock, Failed, Stop, printed
from infra.hooks.installation import Installation

TIMEOUT_SECONDS = 600
"""Seconds for a new role to take effect, here and then in the app."""

AGAIN = 120
"""Seconds after which the picture is uploaded again: the app and Event Grid defer work that met a missing role ever
longer, but process a new upload at once."""

TRIES = 8
"""Maximum of uploads: the last comes after any role has taken effect, with time for the model."""

_PAUSE = 10
_PICTURE = "picture.png"


@dataclass(frozen=True)
class Blob:
    """A blob, accessed by the signed-in user's role; without `--auth-mode` `az` would request the key."""

    azure: Azure
    account: str
    container: str
    name: str

    def do(self, verb: str, *options: str) -> bool:
        """Run `az storage blob VERB` and return True. Raises Failed."""
        self.azure.az("storage", "blob", verb, *self._where(), *options)
        return True

    def remove(self) -> None:
        """Delete it if it exists; print a message if that fails."""
        try:
            self.do("delete")
        except Failed as failure:
            if "BlobNotFound" not in str(failure) and "does not exist" not in str(failure):
                command = self.azure.words("storage", "blob", "delete", *self._where())
                print(f"{self.name} is left behind. {failure}\n  {printed(*command)}")

    def _where(self) -> tuple[str, ...]:
        where = ("--account-name", self.account, "--container-name", self.container, "--name", self.name)
        return (*where, "--auth-mode", "login")


def run(azure: Azure, clock: Clock, here: Installation) -> str:
    """Return the outcome in a sentence. Always deletes the picture and all that the app wrote about it.

    Raises:
        Stop: no sidecar came, or one without a description.
    """
    smoke_image = SmokeImage(secrets.token_hex(8))
    ref = smoke_image.ref(here.images_container)
    picture = Blob(azure, here.images_account_name, here.images_container, ref.name)
    sidecar = Blob(azure, here.images_account_name, here.descriptions_container, sidecar_name(ref))
    left = [picture, sidecar]  # the picture first, so that work still in progress finds it gone
    with tempfile.TemporaryDirectory() as folder:
        try:
            _upload(clock, picture, Path(folder), smoke_image.draw())
            started = clock.now()
            record = _described(clock, picture, sidecar, Path(folder), here)
            seconds = clock.now() - started
            shared = shared_name(ref.container, shared_key(record["source"]["sha256"], record["fingerprint"]))
            left.append(Blob(azure, here.images_account_name, here.descriptions_container, shared))
        finally:
            for blob in left:
                blob.remove()
    if record["status"] not in PASSING:
        raise Stop(f"The picture arrived, and was not described. Its record is {record['status']}: {record['reason']}")
    return f"{record['status']} after {seconds:.0f} s: {record['alt_text'] or record['reason']}"


def _upload(clock: Clock, picture: Blob, folder: Path, data: bytes) -> None:
    (folder / _PICTURE).write_bytes(data)
    try:
        clock.until(lambda: _put(picture, folder), seconds=TIMEOUT_SECONDS, pause=_PAUSE)
    except Failed as failure:
        raise Stop(
            f"The picture could not be uploaded in {TIMEOUT_SECONDS} s. You need the role Storage Blob Data "
            f"Contributor on the containers of {picture.account}; infra/main.bicep gives it to deployerId. {failure}"
        ) from failure


def _put(picture: Blob, folder: Path) -> bool:
    options = ("--content-type", "image/png", "--overwrite", "true", "--no-progress")
    return picture.do("upload", "--file", str(folder / _PICTURE), *options)


def _described(clock: Clock, picture: Blob, sidecar: Blob, folder: Path, here: Installation) -> dict[str, Any]:
    file = folder / "sidecar.json"
    for left in reversed(range(TRIES)):
        try:
            clock.until(
                lambda: sidecar.do("download", "--file", str(file), "--no-progress"), seconds=AGAIN, pause=_PAUSE
            )
            break
        except Failed as failure:
            if not left:
                raise _silent(sidecar, here, failure) from failure
        with suppress(Failed):  # the others are still read
            _put(picture, folder)
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record


def _silent(sidecar: Blob, here: Installation, failure: Failed) -> Stop:
    return Stop(
        f"No sidecar came in {TRIES * AGAIN} s and after {TRIES} uploads. {failure}\n{_patterns(sidecar.azure, here)}"
        "New roles may be late: `azd hooks run postdeploy` runs the smoke test again. docs/operations.md says"
        " what else may hold it up; first see whether the event subscription is there:",
        *sidecar.azure.words(
            *("eventgrid", "system-topic", "event-subscription", "show", "--name", here.event_subscription_name),
            *("--system-topic-name", here.system_topic_name),
            *("--resource-group", here.system_topic_resource_group),
        ),
    )


def _patterns(azure: Azure, here: Installation) -> str:
    """Return the settings that may exclude the picture, and no others."""
    query = "[?name=='IMAGES_INCLUDE' || name=='IMAGES_EXCLUDE']"
    with suppress(Failed):
        settings = azure.az("functionapp", "config", "appsettings", "list", *here.app, "--query", query) or []
        set_ = [f"{setting['name']}={setting['value']}" for setting in settings if setting["value"]]
        if set_:
            return f"{' and '.join(set_)}: that may exclude {FOLDER}, and then the smoke test says nothing.\n"
    return ""
