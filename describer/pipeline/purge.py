"""Erases everything that the app stores about one picture, including people's texts."""

from dataclasses import dataclass

from describer.domain import metadata
from describer.domain.errors import Conflict, Misconfigured, NotFound, Transient
from describer.domain.image_blob import ImageBlob, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.deleted_pictures import shared_keys
from describer.pipeline.pipeline import ROUNDS
from describer.pipeline.ports import Images, Records


@dataclass(frozen=True, slots=True)
class Purged:
    """What was erased."""

    record: bool
    metadata: bool


@dataclass(frozen=True, slots=True)
class Purger:
    """Erases stored data."""

    blob_filter: BlobFilter
    images: Images
    records: Records

    async def purge(self, ref: ImageRef, *, keep_out: bool = True) -> Purged:
        """Erase the sidecar with its history, cached answers, and the app's pairs in the picture's metadata.

        Args:
            ref: the picture; the blob itself stays.
            keep_out: set `description_skip=true`, so that no queued message or event describes it again.

        Raises:
            NotFound: the container is not watched, or nothing is known of the picture.
            Misconfigured: the metadata cannot be written; nothing was erased.
            Transient: a lease or repeated concurrent writes prevented it; run it again.
        """
        for _ in range(ROUNDS):
            stored = await self.records.read(ref) if self.blob_filter.covers(ref) else None
            picture = await self.images.get_properties(ref)
            if stored is None and picture is None:
                raise NotFound("Neither the blob nor a record of it exists.")
            try:
                return await self._erased(ref, stored, picture, keep_out=keep_out)
            except Conflict:
                continue
        raise Transient("The picture or its record changed during each attempt to erase it")

    async def _erased(
        self, ref: ImageRef, stored: StoredRecord | None, picture: ImageBlob | None, *, keep_out: bool
    ) -> Purged:
        """Erase the metadata first: while it excludes the picture, no process describes it again."""
        changed = False
        if picture:
            is_marked = metadata.read(picture.metadata).marked
            kept = metadata.without_ours(picture.metadata) if is_marked else dict(picture.metadata)
            pairs = kept | ({metadata.SKIP: "true"} if keep_out else {})
            changed = pairs != dict(picture.metadata)
            if changed and not await self.images.set_metadata(picture, pairs):
                raise Misconfigured(
                    "The picture's metadata cannot be changed: a policy, a legal hold or its tier forbids it"
                )
        if stored:
            for line in (stored.record, *stored.record.history):
                for key in shared_keys(line):
                    await self.records.invalidate(ref.container, key)
            await self.records.delete(ref, stored)
        return Purged(stored is not None, changed)
