"""`describer status` on real containers."""

import pytest

from local.storage import Storage
from tests.cli.conftest import Shell
from tests.cli.test_set import _described


@pytest.mark.long
async def test_each_language_has_one_figure(storage: Storage, installation: Shell) -> None:
    container = (await _described(storage, installation)).partition("/")[0]
    done = await installation.run("status", "--json")
    assert (done.code, done.err) == (0, "")
    (told,) = done.lines
    assert (told["container"], told["pictures"]) == (container, 1)
    assert told["languages"] == {"en": {"pictures": 1, "share": 1.0}}
    table = await installation.run("status", container)
    assert "in en\t1 (100 %)" in table.out


async def test_a_container_that_is_not_watched_is_reported(installation: Shell) -> None:
    done = await installation.run("status", "secrets")
    assert (done.code, done.err) == (1, "This container is not watched.\n")
