"""From the arguments of the command line to pictures."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from describer.domain.addresses import is_address, shown
from describer.domain.errors import InvalidName
from describer.domain.image_ref import ImageRef
from describer.entrypoints.on_demand.service import BlobOf, Upload, Url
from describer.vision.imaging.formats import recognise
from describer.vision.imaging.unsupported import is_picture, why_unread

STDIN: Final = "-"
_HEAD: Final = 512
"""Bytes that tell a picture from another file."""


@dataclass(frozen=True, slots=True)
class File:
    """A picture in a file, which is read when its turn comes."""

    path: Path


@dataclass(frozen=True, slots=True)
class Missing:
    """An argument that names nothing that can be described; the others are described all the same.

    Args:
        why: a sentence.
    """

    why: str


type Source = File | Upload | Url | BlobOf | Missing


@dataclass(slots=True)
class Found:
    """What the arguments name.

    Args:
        sources: the pictures by name, in the order of the arguments.
        folders: how many folders are among the arguments.
        skipped: how many files in folders are no pictures.
        unread: files in folders that are pictures in a format that is not read: their names, and why.
        folder: the only argument, where that is a folder: tables show names relative to it.
    """

    sources: list[tuple[str, Source]] = field(default_factory=list)
    folders: int = 0
    skipped: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)
    folder: str = ""

    @property
    def faults(self) -> list[str]:
        """Why each argument names nothing, if that is so of every one."""
        faults = [source.why for _, source in self.sources if isinstance(source, Missing)]
        return faults if len(faults) == len(self.sources) else []

    @property
    def labels(self) -> list[str]:
        """The names as tables show them."""
        return [os.path.relpath(name, self.folder) if self.folder else name for name, _ in self.sources]


def find(arguments: Sequence[str], container: str, stdin: bytes) -> Found:
    """The pictures that the arguments name.

    Args:
        arguments: files, folders, https: and data: URLs, `-`; with `container`, names of its blobs.
        container: a watched container, or nothing.
        stdin: what `-` stands for.
    """
    found = Found()
    for argument in arguments:
        if container:
            found.sources.append((f"{container}/{shown(argument)}", _blob(container, argument)))
        elif argument == STDIN:
            found.sources.append((STDIN, Upload(stdin, "stdin")))
        elif is_address(argument):
            found.sources.append((shown(argument), Url(argument)))
        else:
            _add(found, argument)
    if len(arguments) == 1 and not container and Path(arguments[0]).is_dir():
        found.folder = arguments[0]
    return found


def _blob(container: str, name: str) -> Source:
    if not name:
        return Missing(f"The blob's name is empty; give one, such as pets/cat.jpg in {container}.")
    try:
        return BlobOf(ImageRef(container, name))
    except InvalidName as fault:
        return Missing(str(fault))


def _add(found: Found, argument: str) -> None:
    path = Path(argument)
    if not argument or not path.exists():
        found.sources.append((argument, Missing(f"There is no file or folder {argument!r}.")))
        return
    if not path.is_dir():
        found.sources.append((str(path), File(path)))
        return
    found.folders += 1
    before = len(found.sources)
    for file in _files(path):
        head = _head(file)
        if head is None or recognise(head):  # of a file that cannot be read, its turn tells what is wrong
            found.sources.append((str(file), File(file)))
        elif is_picture(head):
            found.unread.append((str(file), why_unread(head)))
        else:
            found.skipped += 1
    if len(found.sources) == before:
        of_which = " of a format that is read" if found.unread else ""
        found.sources.append((str(path), Missing(f"There is no picture{of_which} in the folder {str(path)!r}.")))


def _files(folder: Path) -> Iterator[Path]:
    """All files below, in order; nothing hidden, and no folder by a link, which may lead round in a circle."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _head(path: Path) -> bytes | None:
    """The first bytes; none of what is no file, as a pipe would be waited for; None if it cannot be read."""
    if not path.is_file():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return None
