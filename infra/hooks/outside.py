"""Proves the wiring from outside: whoever deploys uploads a picture, and waits for what the app writes of it."""

import json
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from describer.domain.naming import shared_key, shared_name, sidecar_name
from describer.operations.smoke_image import FOLDER, PROVING, SmokeImage
from infra.hooks.commands import Azure, Clock, Failed, Stop, printed
from infra.hooks.installation import Installation

PATIENCE = 600
"""Seconds for a new role to take effect, and again for the sidecar to come."""

_PAUSE = 10


@dataclass(frozen=True)
class Blob:
    """One blob, reached by the role of whoever is signed in; without `--auth-mode` `az` would ask for the key."""

    azure: Azure
    account: str
    container: str
    name: str

    def do(self, verb: str, *options: str) -> bool:
        """Runs `az storage blob VERB`; always True. Raises Failed."""
        self.azure.az("storage", "blob", verb, *self._where(), *options)
        return True

    def remove(self) -> None:
        """Deletes it, if it is there; says so where it cannot."""
        try:
            self.do("delete")
        except Failed as failure:
            if "BlobNotFound" not in str(failure) and "does not exist" not in str(failure):
                command = self.azure.words("storage", "blob", "delete", *self._where())
                print(f"{self.name} is left behind. {failure}\n  {printed(*command)}")

    def _where(self) -> tuple[str, ...]:
        where = ("--account-name", self.account, "--container-name", self.container, "--name", self.name)
        return (*where, "--auth-mode", "login")


def prove(azure: Azure, clock: Clock, here: Installation) -> str:
    """What came of the picture, in a sentence. All that came of it is removed, whatever happened.

    Raises:
        Stop: no sidecar came, or one without a description.
    """
    specimen = SmokeImage(secrets.token_hex(8))
    ref = specimen.ref(here.images_container)
    picture = Blob(azure, here.images_account_name, here.images_container, ref.name)
    sidecar = Blob(azure, here.images_account_name, here.descriptions_container, sidecar_name(ref))
    left = [picture, sidecar]  # the picture first, so that whoever still works on it finds it gone
    with tempfile.TemporaryDirectory() as folder:
        try:
            _upload(clock, picture, Path(folder), specimen.draw())
            started = clock.now()
            record = _described(clock, sidecar, Path(folder), here)
            seconds = clock.now() - started
            shared = shared_name(ref.container, shared_key(record["source"]["sha256"], record["fingerprint"]))
            left.append(Blob(azure, here.images_account_name, here.descriptions_container, shared))
        finally:
            for blob in left:
                blob.remove()
    if record["status"] not in PROVING:
        raise Stop(f"The picture arrived, and was not described. Its record is {record['status']}: {record['reason']}")
    return f"{record['status']} after {seconds:.0f} s: {record['alt_text'] or record['reason']}"


def _upload(clock: Clock, picture: Blob, folder: Path, data: bytes) -> None:
    file = folder / "picture.png"
    file.write_bytes(data)
    options = ("--file", str(file), "--content-type", "image/png", "--overwrite", "true", "--no-progress")
    try:
        clock.until(lambda: picture.do("upload", *options), seconds=PATIENCE, pause=_PAUSE)
    except Failed as failure:
        raise Stop(
            f"The picture could not be uploaded in {PATIENCE} s. You need the role Storage Blob Data Contributor on the"
            f" containers of {picture.account}; infra/main.bicep gives it to deployerId. {failure}"
        ) from failure


def _described(clock: Clock, sidecar: Blob, folder: Path, here: Installation) -> dict[str, Any]:
    file = folder / "sidecar.json"
    try:
        clock.until(
            lambda: sidecar.do("download", "--file", str(file), "--no-progress"), seconds=PATIENCE, pause=_PAUSE
        )
    except Failed as failure:
        raise Stop(
            f"No sidecar came in {PATIENCE} s. {failure}\n{_patterns(sidecar.azure, here)}docs/operations.md says what"
            " may hold it up; first see whether the event subscription is there:",
            *sidecar.azure.words(
                *("eventgrid", "system-topic", "event-subscription", "show", "--name", here.event_subscription_name),
                *("--system-topic-name", here.system_topic_name),
                *("--resource-group", here.system_topic_resource_group),
            ),
        ) from failure
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record


def _patterns(azure: Azure, here: Installation) -> str:
    """The settings that may have left the picture out; no other setting is asked for."""
    query = "[?name=='IMAGES_INCLUDE' || name=='IMAGES_EXCLUDE']"
    with suppress(Failed):
        settings = azure.az("functionapp", "config", "appsettings", "list", *here.app, "--query", query) or []
        set_ = [f"{setting['name']}={setting['value']}" for setting in settings if setting["value"]]
        if set_:
            return f"{' and '.join(set_)}: that may leave out {FOLDER}, and then nothing is proved either way.\n"
    return ""
