"""Finds the stored text of a page's image, by its address or by the digest of its file beside the page."""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, unquote_to_bytes, urljoin, urlsplit

from describer.domain.addresses import is_data_url
from describer.domain.errors import DescriberError, InvalidName, InvalidRequest
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.ports import Records

_LARGEST: Final = 2**30
"""Maximum bytes of a file that is read for its digest."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text for publication.

    Args:
        text: the alt text; empty for a decorative picture.
        language: its language; empty without a text.
    """

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a container's blobs in pages.

    Args:
        prefix: an address such as `https://cdn.example.org/media/`, or a path such as `/media/`; it ends in a slash.
        folder: the container's folder at that address; empty, or with a slash at its end.
    """

    prefix: str
    container: str
    folder: str = ""

    @classmethod
    def read(cls, given: str) -> "Address":
        """Read `PREFIX=CONTAINER/FOLDER`. Raises InvalidRequest."""
        prefix, equals, place = given.rpartition("=")
        container, _, folder = place.strip("/").partition("/")
        if not (prefix and equals and container):
            raise InvalidRequest(f"{given!r}: expected PREFIX=CONTAINER or PREFIX=CONTAINER/FOLDER.", field="address")
        return cls(prefix.rstrip("/") + "/", container, f"{folder}/" if folder else "")

    def ref(self, address: str) -> ImageRef | None:
        """Return the blob at an address below the prefix, or None."""
        path = address.partition("#")[0].partition("?")[0]
        if not path.startswith(self.prefix) or path == self.prefix:
            return None
        with suppress(InvalidName):
            return ImageRef(self.container, self.folder + unquote(path.removeprefix(self.prefix)))
        return None


@dataclass(slots=True)
class StoredTexts:
    """Looks up texts without calling the model.

    Args:
        addresses: the containers' addresses in pages.
        base: the address of the pages' folder, for relative addresses; may be empty.
    """

    catalogue: Catalogue
    records: Records
    addresses: Sequence[Address]
    base: str = ""
    _by_digest: dict[str, ImageRef] | None = field(default=None, init=False)
    _known: dict[ImageRef, Record | None] = field(default_factory=dict, init=False)

    async def find(self, source: str, page: Path, folder: Path, language: str) -> Text | None:
        """Return the text for an image; None without a text for publication.

        Args:
            source: its address as in the page.
            page: the page's file.
            folder: the pages' folder, to which `/` refers.
            language: language of the page around it, or empty.
        """
        ref = self._by_address(source, page, folder)
        record = await self._published(ref) if ref else None
        if record is None and (digest := await asyncio.to_thread(_digest, source, page, folder)):
            ref = (await self._digests()).get(digest)
            record = await self._published(ref) if ref else None
        return _text(record, language) if record else None

    def _by_address(self, source: str, page: Path, folder: Path) -> ImageRef | None:
        inside = page.parent.relative_to(folder).as_posix() if page.parent.is_relative_to(folder) else "."
        whole = urljoin(self.base, "" if inside == "." else f"{inside}/") if self.base else ""
        for address in dict.fromkeys((source, urljoin(whole, source))):
            for known in self.addresses:
                ref = known.ref(address)
                if ref and self.catalogue.blob_filter.covers(ref):
                    return ref
        return None

    async def _published(self, ref: ImageRef) -> Record | None:
        if ref not in self._known:
            stored = None
            with suppress(DescriberError):
                stored = await self.records.read(ref)
            self._known[ref] = stored.record if stored and stored.record.status.is_published else None
        return self._known[ref]

    async def _digests(self) -> dict[str, ImageRef]:
        """Return the published pictures by digest, from the listings: one request per 5,000 records."""
        if self._by_digest is None:
            self._by_digest = {}
            for container in self.catalogue.blob_filter.containers:
                async for entry in self.catalogue.entries(container):
                    if entry.sha256 and entry.status.is_published:
                        self._by_digest.setdefault(entry.sha256, entry.ref)
        return self._by_digest


def _text(record: Record, language: str) -> Text | None:
    """Return the text in the page's language, else in the record's own."""
    if record.is_decorative and not record.alt_text:
        return Text("")
    texts = {record.language: record.alt_text} | {tag: found.alt_text for tag, found in record.translations.items()}
    fitting = [tag for tag in texts if language and not is_other(tag, language)]
    exact = [tag for tag in fitting if tag.lower() == language.lower()]
    tag = next((tag for tag in (*exact, *fitting, record.language, *texts) if texts[tag]), "")
    return Text(texts[tag], tag) if tag else None


def is_other(language: str, page: str) -> bool:
    """Return whether a text's language differs from the page's, so that `lang` is needed."""
    return bool(language) and language.split("-", maxsplit=1)[0].lower() != page.split("-", maxsplit=1)[0].lower()


def _digest(source: str, page: Path, folder: Path) -> str:
    """Return the SHA-256 of the image's bytes, if they are in the page or in a file; else an empty string."""
    if is_data_url(source):
        head, _, body = source.partition(",")
        with suppress(binascii.Error, ValueError):
            data = base64.b64decode(unquote(body)) if head.lower().endswith(";base64") else unquote_to_bytes(body)
            return hashlib.sha256(data).hexdigest()
        return ""
    parts = urlsplit(source)
    if parts.scheme or parts.netloc or not parts.path:
        return ""
    name = unquote(parts.path)
    with suppress(OSError, ValueError):
        path = folder / name.lstrip("/") if name.startswith("/") else page.parent / name
        if path.is_file() and path.stat().st_size <= _LARGEST:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
