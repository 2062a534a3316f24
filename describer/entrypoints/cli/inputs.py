"""Finds the pictures that the arguments name."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from describer.domain.addresses import is_address, shown
from describer.domain.companions import claims_to_be_a_picture
from describer.domain.errors import InvalidName
from describer.domain.image_ref import ImageRef
from describer.entrypoints.on_demand.service import BlobOf, Upload, Url
from describer.vision.imaging.formats import recognise
from describer.vision.imaging.unsupported import is_picture, why_unread

STDIN: Final = "-"
_HEAD: Final = 512
"""Bytes of a file that are read to recognize a picture."""
_EMPTY: Final = "The file is empty."
_NOT_WHAT_IT_IS_CALLED: Final = "The name is a picture's, but the content is not."


@dataclass(frozen=True, slots=True)
class File:
    """A picture in a file that is read when its turn comes."""

    path: Path


@dataclass(frozen=True, slots=True)
class Missing:
    """An argument that names no picture; the other arguments are still described."""

    why: str


type Source = File | Upload | Url | BlobOf | Missing


@dataclass(slots=True)
class Found:
    """The pictures and other files that the arguments name.

    Args:
        sources: the pictures by name, in the order of the arguments. If a folder is the only argument, names are
            relative to it; otherwise they begin with the argument.
        folders: how many folders are among the arguments.
        skipped: number of files in folders that are not pictures.
        unread: files in folders that are pictures by content or name and cannot be described: name and reason of each.
    """

    sources: list[tuple[str, Source]] = field(default_factory=list)
    folders: int = 0
    skipped: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """The reasons of all arguments if none of them names a picture."""
        faults = [source.why for _, source in self.sources if isinstance(source, Missing)]
        return faults if len(faults) == len(self.sources) else []

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.sources]


def find(arguments: Sequence[str], container: str, stdin: bytes) -> Found:
    """Return the pictures that the arguments name.

    Args:
        arguments: files, folders, https: and data: URLs, `-`; with `container`, names of its blobs.
        container: a watched container, or empty.
        stdin: the content for `-`.
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
            _add(found, argument, alone=len(arguments) == 1)
    return found


def _blob(container: str, name: str) -> Source:
    if not name:
        return Missing(f"The blob's name is empty; give one, such as pets/cat.jpg in {container}.")
    try:
        return BlobOf(ImageRef(container, name))
    except InvalidName as fault:
        return Missing(str(fault))


def _add(found: Found, argument: str, *, alone: bool) -> None:
    path = Path(argument)
    if not argument:
        found.sources.append((argument, Missing("The name of a file or folder is empty.")))
        return
    if not path.exists():
        hint = " The shell has not expanded the pattern; name a folder instead." if set("*?[") & set(argument) else ""
        found.sources.append((argument, Missing(f"There is no file or folder {argument!r}.{hint}")))
        return
    if not path.is_dir():
        found.sources.append((str(path), File(path)))
        return
    found.folders += 1
    before = len(found.sources)
    for file in _files(path):
        head, name = _head(file), str(file.relative_to(path) if alone else file)
        if head is None or recognise(head):  # an unreadable file gets its error when its turn comes
            found.sources.append((name, File(file)))
        elif is_picture(head):
            found.unread.append((name, why_unread(head)))
        elif claims_to_be_a_picture(file.name) and file.is_file():
            found.unread.append((name, _NOT_WHAT_IT_IS_CALLED if head else _EMPTY))
        else:
            found.skipped += 1
    if len(found.sources) == before:
        of_which = " of a format that is read" if found.unread else ""
        found.sources.append((str(path), Missing(f"There is no picture{of_which} in the folder {str(path)!r}.")))


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files below in order, except hidden ones and folders by links, which may form a cycle."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _head(path: Path) -> bytes | None:
    """Return the first bytes; empty if it is not a regular file (a pipe would block), None if it is unreadable."""
    if not path.is_file():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return None
