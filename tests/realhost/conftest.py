"""One platform for the tests that leave it as it was; others start their own."""

import pytest

from tests.realhost.platform import program


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the program there is nothing to run on."""
    if program() is None:
        absent = pytest.mark.skip(reason="WEBJOBS_HOST names no program of Microsoft's extensions")
        for item in items:
            if "realhost" in item.path.parts:
                item.add_marker(absent)
