"""Decides by name and metadata, before reading, which blobs the app describes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from describer.domain import metadata, xmp_sidecar
from describer.domain.errors import InvalidName
from describer.domain.globs import first_match
from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.domain.naming import picture_of, sidecar_name
from describer.domain.renditions import Renditions
from describer.domain.status import Skip, SkipReason


@dataclass(frozen=True, slots=True)
class BlobFilter:
    """The watched containers and the globs that narrow them.

    Globs match whole blob names, ignoring case: `*` within a folder, `**/` across folders. A glob without a slash
    matches the last part of the name in any folder; one that ends in a slash matches everything below that folder.
    Empty segments are ignored: `private/` covers `/private/a.jpg` and `private//a.jpg`, and `*.jpg` covers `a.jpg/`,
    although these are different blobs.

    With `xmp_sidecars`, XMP files are read for their pictures and are not pictures themselves.
    """

    containers: Sequence[str]
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    renditions: Renditions = field(default_factory=Renditions)
    xmp_sidecars: bool = False

    def covers(self, ref: ImageRef) -> bool:
        """Return whether the blob is in a watched container."""
        return ref.container in self.containers

    def skips_name(self, ref: ImageRef) -> Skip | None:
        """Return a skip if the container or name excludes the blob."""
        if not self.covers(ref):
            return Skip(SkipReason.NOT_OURS, f"its container is not watched (watched: {', '.join(self.containers)})")
        if pattern := first_match(self.exclude, ref.name):
            return Skip(SkipReason.EXCLUDED, f"matches {pattern!r} of IMAGES_EXCLUDE")
        if self.is_xmp_sidecar(ref):
            return Skip(SkipReason.NOT_OURS, "an XMP file: what its picture's author wrote")
        if self.include and not first_match(self.include, ref.name):
            return Skip(SkipReason.EXCLUDED, "matches no pattern of IMAGES_INCLUDE")
        if system := self.renditions.caching(ref.name):
            return Skip(SkipReason.EXCLUDED, f"a copy in the cache of {system}, which RENDITIONS names")
        return None

    def is_xmp_sidecar(self, ref: ImageRef) -> bool:
        """Return whether this blob is an XMP file that may be read for its picture, whatever IMAGES_INCLUDE says."""
        is_xmp = self.xmp_sidecars and ref.name.lower().endswith(xmp_sidecar.SUFFIX)
        return is_xmp and self.covers(ref) and not first_match(self.exclude, ref.name)

    def skips_picture(self, picture: ImageBlob) -> Skip | None:
        """Return a skip if the blob's properties or metadata exclude it."""
        if _is_folder(picture):
            return Skip(SkipReason.NOT_OURS, "a folder")
        if metadata.value(picture.metadata, metadata.SKIP).strip().lower() == "true":
            return Skip(SkipReason.EXCLUDED, f"its metadata says {metadata.SKIP}=true")
        return None

    def origin(self, picture: ImageBlob) -> ImageRef | None:
        """Return the other watched picture whose sidecar the metadata names: this picture was renamed or copied."""
        name = metadata.decode(metadata.value(picture.metadata, metadata.SIDECAR))
        try:
            ref = picture_of(name)
        except InvalidName:
            return None
        return ref if name != sidecar_name(picture.ref) and self.covers(ref) else None


def _is_folder(picture: ImageBlob) -> bool:
    """Return whether the blob is a folder: marked in hierarchical namespaces, imitated by a final slash elsewhere."""
    marked = metadata.value(picture.metadata, "hdi_isfolder").lower() == "true"
    return marked or (picture.size == 0 and picture.ref.name.endswith("/"))
