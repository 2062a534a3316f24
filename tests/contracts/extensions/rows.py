"""Reads the rows."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FAST = 2.0  # seconds

GIVEN = {"functions", "host_json", "worker", "queues", "blobs", "settings", "storage", "running"}
WHEN = {
    *("send", "raw", "hex", "receive", "upload", "delete", "announce", "post", "create", "remove"),
    *("clock", "wait", "until", "stop", "kill", "start", "storage"),
}
THEN = {"calls", "told", "data", "queues", "answers", "log", "ends", "requests", "gaps", "at_once", "quiet"}


@dataclass(frozen=True, slots=True)
class Row:
    """One behaviour.

    Args:
        topic: its file's name.
        name: the behaviour in a sentence.
        version: of the package whose behaviour it is.
        source: where the behaviour was found.
        seconds: how long it takes on a quiet machine, if more than FAST.
        moves_clock: whether it moves storage's clock, and so needs a storage of its own.
        given: the initial state.
        when: the steps.
        then: the expected observations, which must stay true.

    """

    topic: str
    name: str
    version: str
    source: str
    seconds: float
    given: Mapping[str, Any]
    when: Sequence[Mapping[str, Any]]
    then: Mapping[str, Any]

    @property
    def moves_clock(self) -> bool:
        """Whether it moves storage's clock, and so needs a storage of its own."""
        return any("clock" in step for step in self.when)

    @property
    def is_fast(self) -> bool:
        """Whether it takes no longer than FAST."""
        return self.seconds <= FAST

    @property
    def has_faults(self) -> bool:
        """Whether the row defines storage's answers."""
        return "storage" in self.given or any("storage" in step for step in self.when)

    @property
    def id(self) -> str:
        """Its name on the command line."""
        return f"{self.topic}: {self.name}"


def read(topic: str) -> list[Row]:
    """Read one file.

    Raises:
        ValueError: a row has an unknown word, or another row's name.

    """
    file = tomllib.loads((FOLDER / f"{topic}.toml").read_text("utf-8"))
    rows = [_row(topic, file, row) for row in file["row"]]
    names = [row.name for row in rows]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{topic}.toml: two rows have the name {twice}")
    return rows


def topics() -> list[str]:
    """Return the names of all files."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def everything() -> list[Row]:
    """Read all rows."""
    return [row for topic in topics() for row in read(topic)]


def _row(topic: str, file: Mapping[str, Any], row: Mapping[str, Any]) -> Row:
    given = {**file.get("given", {}), **row.get("given", {})}
    when, then = row.get("when", []), row["then"]
    unknown = (given.keys() - GIVEN) | (then.keys() - THEN) | {next(iter(step)) for step in when} - WHEN
    if unknown or not then.keys() - {"quiet"}:
        raise ValueError(f"{topic}.toml: {row['name']}: not known, or nothing to see: {sorted(unknown)}")
    version, source = row.get("version", file["version"]), row.get("source", file["source"])
    return Row(topic, row["name"], version, source, row.get("seconds", FAST), given, when, then)
