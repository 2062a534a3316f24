"""`describer backfill` in a script, where no person can confirm: its output and exit codes."""

import pytest

from describer.entrypoints.cli.backfill_tables import duration
from local.storage import Storage
from tests.cli.conftest import Shell, jpeg


async def test_without_a_backfill_its_progress_says_so(installation: Shell) -> None:
    for command in ("status", "stop", "continue"):
        done = await installation.run("backfill", command)
        assert (done.code, done.err) == (1, "No backfill has been started yet.\n"), command
    yes = await installation.run("backfill", "continue", "--yes")
    assert (yes.code, yes.err) == (1, "No backfill has been started yet.\n")


async def test_a_script_that_does_not_confirm_fails(installation: Shell, storage: Storage) -> None:
    async with storage.blob_service() as blobs:
        images = blobs.get_container_client(installation.settings["IMAGES_CONTAINER"])
        await images.upload_blob("cat.jpg", jpeg(480))
    done = await installation.run("backfill")
    assert done.code == 2
    assert done.err.endswith("Nothing was queued, because no terminal can confirm it; add --yes.\n")
    assert "1 to describe" in done.out
    other = await installation.run("backfill", "--only", "failed", "--dry-run")
    assert "1 left out: described already, or not selected by --only" in other.out


@pytest.mark.parametrize(("seconds", "text"), [(20, "less than a minute"), (61, "1 minute"), (125, "2 minutes")])
def test_durations_are_counted(seconds: float, text: str) -> None:
    assert duration(seconds) == text
