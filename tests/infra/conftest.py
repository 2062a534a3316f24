"""One compiler for the session; where there is none, what needs it is skipped, and pytest says why."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest

from tests.infra import compiler
from tests.infra.compiler import Compiler


@pytest.fixture(scope="session")
def bicep() -> Compiler:
    found = compiler.find()
    if found is None:
        pytest.skip(compiler.NONE)
    return found


@pytest.fixture(scope="session")
def workers() -> Iterator[Executor]:
    """The compiler takes two seconds for each file, so two run at a time."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield pool
