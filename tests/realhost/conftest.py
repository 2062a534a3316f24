"""The two programs on which each test runs."""

from collections.abc import Sequence

import pytest

from tests.realhost.platform import STAND_IN, real_program


@pytest.fixture(params=["stand-in", "extensions"])
def host(request: pytest.FixtureRequest) -> Sequence[str]:
    """Return the command that runs the app's triggers."""
    if request.param == "stand-in":
        return STAND_IN
    if (program := real_program()) is None:
        pytest.skip("WEBJOBS_HOST names no program of Microsoft's extensions")
    return [program]
