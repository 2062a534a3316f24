"""From the arguments of the command line to pictures."""

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
"""Bytes that tell a picture from another file."""


@dataclass(frozen=True, slots=True)
class File:
    """A picture in a file, which is read when its turn comes."""

    path: Path


type Source = File | Upload | Url | BlobOf


@dataclass(slots=True)
class Found:
    """The pictures by name, in the order of the arguments.

    Args:
        sources: the pictures.
        folders: how many folders are among the arguments.
        skipped: files in these that are no pictures.
    """

    sources: list[tuple[str, Source]] = field(default_factory=list)
    folders: int = 0
    skipped: int = 0


def find(arguments: Sequence[str], container: str, stdin: bytes) -> Found:
    """The pictures that the arguments name.

    Args:
        arguments: files, folders, https: and data: URLs, `-`; with `container`, names of its blobs.
        container: a watched container, or nothing.
        stdin: what `-` stands for.

    Raises:
        InvalidRequest: no such file, or a folder without a picture.
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
    found.folders += 1
    before = len(found.sources)
    for file in _files(path):
        if _is_picture(file):
            found.sources.append((str(file), File(file)))
        else:
            found.skipped += 1
    if len(found.sources) == before:
        raise InvalidRequest(f"There is no picture in the folder {str(path)!r}.", field="pictures")


def _files(folder: Path) -> Iterator[Path]:
    """All files below, in order; nothing hidden, and no folder by a link, which may lead round in a circle."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _is_picture(path: Path) -> bool:
    if not path.is_file():  # a pipe would be waited for
        return False
    try:
        with path.open("rb") as file:
            return recognise(file.read(_HEAD)) is not None
    except OSError:
        return True  # its turn tells what is wrong with it
