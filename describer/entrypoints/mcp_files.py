"""Picture files that a local MCP server may read: only those in the folders that its user named."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from describer.domain.errors import InvalidRequest, NotFound
from describer.entrypoints.on_demand.service import Readable

_SCHEME = "file:"


@dataclass(frozen=True, slots=True)
class AllowedFiles:
    """Files, and folders with all below them. `roots`: absolute, without links in them."""

    roots: tuple[Path, ...]

    @classmethod
    def of(cls, paths: Sequence[str]) -> Self:
        """Allow these. Raises InvalidRequest: there is no such file or folder."""
        try:
            return cls(tuple(Path(path).resolve(strict=True) for path in paths))
        except OSError as error:
            raise InvalidRequest(f"There is no file or folder {error.filename!r}.", field="path") from error

    @staticmethod
    def names(text: str) -> bool:
        """Return whether this is a file, where URLs and blobs may stand too: an absolute path or a file: URL."""
        return text[: len(_SCHEME)].lower() == _SCHEME or Path(text).is_absolute()

    def source(self, given: str) -> Readable:
        """Return the picture in the file `given`: a path, or a file: URL; a relative path is one below a root.

        Links are followed before the file is judged, so that none leads out of the folders.

        Raises:
            InvalidRequest: it is not one of the allowed files, whether it exists or not; or it cannot be read.
            NotFound: it would be, but there is none.
        """
        path = self._allowed(given)
        if path is None:
            places = ", ".join(map(str, self.roots)) or "none"
            raise InvalidRequest(
                f"This file is not one of those that this server may read; they are below: {places}.", field="file"
            )
        if not path.is_file():
            raise NotFound("There is no such file; a folder is none.")
        try:
            return Readable(path.stat().st_size, lambda: _read(path), path.name)
        except OSError as error:
            raise _unreadable(error) from error

    def _allowed(self, given: str) -> Path | None:
        try:
            path = self._real(given)
        except (OSError, ValueError):  # a name that no file can have
            return None
        return path if path and any(path.is_relative_to(root) for root in self.roots) else None

    def _real(self, given: str) -> Path | None:
        path = Path.from_uri(given) if given[: len(_SCHEME)].lower() == _SCHEME else Path(given)
        if path.is_absolute():
            return path.resolve()
        below = [(root / path).resolve() for root in self.roots if root.is_dir()]
        return next((each for each in below if each.is_file()), below[0] if below else None)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> InvalidRequest:
    return InvalidRequest(f"The file cannot be read: {error.strerror or 'its name is no name'}.", field="file")
