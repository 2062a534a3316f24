"""`describer orphans` and `describer purge` on real containers."""

import pytest

from local.storage import Storage
from tests.cli.conftest import Shell
from tests.cli.test_set import _described


@pytest.mark.long
async def test_the_record_of_a_deleted_picture_goes(storage: Storage, installation: Shell) -> None:
    blob = await _described(storage, installation)
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(*blob.split("/")).delete_blob()
    dry = await installation.run("orphans")
    assert (dry.code, dry.out) == (0, f"{blob}: would be removed\n")
    assert "Nothing was written" in dry.err
    assert (await installation.run("orphans", "--write")).out == f"{blob}: removed\n"
    assert (await installation.run("orphans")).out == ""


@pytest.mark.long
async def test_all_about_a_picture_is_erased(storage: Storage, installation: Shell) -> None:
    blob = await _described(storage, installation)
    unsure = await installation.run("purge", blob)
    assert (unsure.code, "Confirm with --yes" in unsure.err) == (2, True)
    done = await installation.run("purge", blob, "--yes")
    assert (done.code, done.out) == (0, "record: erased\nmetadata: erased\n")
    async with storage.blob_service() as blobs:
        properties = await blobs.get_blob_client(*blob.split("/")).get_blob_properties()
        left = blobs.get_container_client(installation.settings["DESCRIPTIONS_CONTAINER"]).list_blobs()
        assert [each.name async for each in left] == []
    assert properties.metadata == {"description_skip": "true"}
    assert (await installation.run("show", blob)).code == 1
