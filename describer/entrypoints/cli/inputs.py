"""Finds the pictures that the arguments name."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from describer.domain.addresses import is_address, shown
from describer.domain.errors import InvalidRequest
from describer.domain.image_ref import ImageRef
from describer.entrypoints.on_demand.service import BlobOf, Upload, Url
from describer.vision.imaging.formats import recognise

STDIN: Final = "-"
_HEAD: Final = 512
"""Bytes of a file that are read to recognize a picture."""


@dataclass(frozen=True, slots=True)
class File:
    """A picture in a file, which is read when its turn comes."""

    path: Path


type Source = File | Upload | Url | BlobOf


@dataclass(slots=True)
class Found:
    """The pictures by name, in the order of the arguments; `skipped` counts other files in folders."""

    sources: list[tuple[str, Source]] = field(default_factory=list)
    skipped: int = 0


def find(arguments: Sequence[str], container: str, stdin: bytes) -> Found:
    """Return the pictures that the arguments name.

    Args:
        arguments: files, folders, https: and data: URLs, `-`; with `container`, names of its blobs.
        container: a watched container, or empty.
        stdin: the content for `-`.

    Raises:
        InvalidRequest: a file does not exist, or a folder contains no picture.
    """
    found = Found()
    for argument in arguments:
        if container:
            found.sources.append((f"{container}/{shown(argument)}", BlobOf(ImageRef(container, argument))))
        elif argument == STDIN:
            found.sources.append((STDIN, Upload(stdin, "stdin")))
        elif is_address(argument):
            found.sources.append((shown(argument), Url(argument)))
        else:
            _add(found, Path(argument))
    return found


def _add(found: Found, path: Path) -> None:
    if not path.exists():
        raise InvalidRequest(f"There is no file or folder {str(path)!r}.", field="pictures")
    if not path.is_dir():
        found.sources.append((str(path), File(path)))
        return
    before = len(found.sources)
    for file in _files(path):
        if _is_picture(file):
            found.sources.append((str(file), File(file)))
        else:
            found.skipped += 1
    if len(found.sources) == before:
        raise InvalidRequest(f"There is no picture in the folder {str(path)!r}.", field="pictures")


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files below in order, except hidden ones and folders by links, which may form a cycle."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _is_picture(path: Path) -> bool:
    if not path.is_file():  # opening a pipe would block
        return False
    try:
        with path.open("rb") as file:
            return recognise(file.read(_HEAD)) is not None
    except OSError:
        return True  # reading it later reports the error
