"""Chooses the files of a folder to upload, and their blob names.

Every regular file is uploaded; one that is not a picture gets a record that says so. Names are not changed. A file
whose name no blob can have is left out, with a sentence.
"""

import mimetypes
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

LONGEST_NAME = 1024  # characters of a blob's name (Microsoft Learn, "Naming and referencing containers, blobs")

# A table of its own, so that a picture has the same type on every machine.
_TYPES = mimetypes.MimeTypes()
for _ending, _type in {
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".avif": "image/avif",
    ".webp": "image/webp",
}.items():
    _TYPES.add_type(_type, _ending)

type _Folder = tuple[int, int]  # device and inode


@dataclass(frozen=True, slots=True)
class Picture:
    """A file and its blob's name."""

    path: Path
    name: str

    @property
    def content_type(self) -> str:
        """The media type by its extension."""
        return _TYPES.guess_type(PurePath(self.name).name)[0] or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not uploaded; `wanted`: it may be a picture, so the demo is incomplete."""

    name: str
    why: str
    wanted: bool = True


def find(folder: Path) -> Iterator[Picture | LeftOut]:
    """Yield all files below a folder, ordered by name, with links followed; or `folder` itself if it is a file.

    Args:
        folder: it exists.

    """
    if not folder.is_dir():
        yield _named(folder, PurePath(folder.name))
        return
    here = folder.resolve()
    above = frozenset(_identity(each.stat()) for each in here.parents)
    taken: set[str] = set()
    for found in _walk(folder, PurePath(), above | {_identity(here.stat())}):
        if isinstance(found, Picture):
            if found.name in taken:
                yield LeftOut(found.name, "another file has this blob name already")
                continue
            taken.add(found.name)
        yield found


def blob_name(relative: PurePath) -> str:
    r"""Return the blob name of a file below the folder: its path, with `/` between.

    Raises:
        ValueError: no blob can have this name; the text says why.

    """
    name = "/".join(relative.parts).replace("\\", "/")  # storage itself turns a backslash into a slash
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError("its name is not valid UTF-8") from None
    if len(name) > LONGEST_NAME:
        raise ValueError(f"its path has {len(name):,} characters; a blob's name has at most {LONGEST_NAME:,}")
    if {"", ".", ".."} & set(name.split("/")):
        raise ValueError("in a URL its name would lead somewhere else")
    return name


def _walk(folder: Path, relative: PurePath, above: frozenset[_Folder]) -> Iterator[Picture | LeftOut]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        yield LeftOut(f"{relative}/", f"the folder cannot be read: {error.strerror}")
        return
    for name in names:
        path, inner = folder / name, relative / name
        try:
            found = path.stat()
        except OSError as error:
            yield LeftOut(str(inner), f"it cannot be looked at: {error.strerror}", wanted=False)
            continue
        if stat.S_ISDIR(found.st_mode) and _identity(found) in above:
            yield LeftOut(f"{inner}/", "it is a link back to a folder above it", wanted=False)
        elif stat.S_ISDIR(found.st_mode):
            yield from _walk(path, inner, above | {_identity(found)})
        elif stat.S_ISREG(found.st_mode):
            yield _named(path, inner)
        else:
            yield LeftOut(str(inner), "it is no regular file", wanted=False)


def _named(path: Path, relative: PurePath) -> Picture | LeftOut:
    try:
        return Picture(path, blob_name(relative))
    except ValueError as error:
        return LeftOut(str(relative), str(error))


def _identity(found: os.stat_result) -> _Folder:
    return found.st_dev, found.st_ino
