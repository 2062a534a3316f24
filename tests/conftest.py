"""Shared fixtures: one Azurite and one identity endpoint for the whole session."""

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings

from local import environment
from local.storage import Storage, running
from tests.storage import unique

settings.register_profile("busy", deadline=None)  # on a busy machine a deadline measures the other processes
settings.load_profile("busy")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long tests first, so that short ones fill the other processes at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def log_levels() -> Iterator[None]:
    """Restore the levels of the app's loggers, so that tests do not affect each other's records."""
    loggers = [logging.getLogger(), logging.getLogger("describer")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """Azurite and the identity endpoint; tests use unique names."""
    with running(tmp_path_factory.mktemp("azure"), environment.clean()) as started:
        yield started


@pytest.fixture
async def container(storage: Storage) -> AsyncIterator[str]:
    """Return a new container in the account `images`, deleted after the test."""
    name = unique("c")
    async with storage.blob_service() as blobs:
        await blobs.create_container(name)
        yield name
        await blobs.delete_container(name)
