"""One compiler process for all tests; without a compiler they are skipped, and pytest says why."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.infra import compiler
from tests.infra.compiler import Compiler, Done
from tests.infra.session import Session


@pytest.fixture(scope="session")
def bicep() -> Compiler:
    found = compiler.find()
    if found is None:
        pytest.skip(compiler.NONE)
    return found


@pytest.fixture(scope="session")
def session(bicep: Compiler) -> Iterator[Session]:
    with bicep.session() as running:
        yield running


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    """A copy to change, without the committed snapshots."""
    return Path(shutil.copytree(compiler.INFRA, tmp_path / "infra", ignore=shutil.ignore_patterns("*.snapshot.json")))


@pytest.fixture(scope="session")
def linted(bicep: Compiler) -> Mapping[str, Done]:
    """The output of `bicep lint` for deployed files, by name."""
    return _of_each_entry(bicep.lint)


@pytest.fixture(scope="session")
def built(bicep: Compiler) -> Mapping[str, Done]:
    """The output and the results of `bicep build`."""
    return _of_each_entry(bicep.build)


def _of_each_entry(command: Callable[[Path], Done]) -> Mapping[str, Done]:
    with ThreadPoolExecutor() as pool:
        done = pool.map(command, compiler.ENTRIES)
        return {path.stem: one for path, one in zip(compiler.ENTRIES, done, strict=True)}
