"""Which blobs are ours to describe: judged by name and metadata, before a byte is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from describer.domain import metadata, xmp_sidecar
from describer.domain.errors import InvalidName
from describer.domain.globs import first_match
from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.domain.renditions import Renditions
from describer.domain.status import Skip, SkipReason


@dataclass(frozen=True, slots=True)
class BlobFilter:
    """The watched containers, and the globs that narrow them.

    Globs match whole blob names without regard to case: `*` within a folder, `**/` across folders. One without a slash
    matches the last part of the name in any folder, one that ends in a slash all below that folder. Empty segments do
    not count: `private/` covers `/private/a.jpg` and `private//a.jpg`, and `*.jpg` covers `a.jpg/`, although they
    are blobs of their own.

    With `xmp_sidecars`, XMP files are their pictures' authors' texts, and no pictures.
    """

    containers: Sequence[str]
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    renditions: Renditions = field(default_factory=Renditions)
    xmp_sidecars: bool = False

    def covers(self, ref: ImageRef) -> bool:
        """Return whether this blob is in one of the watched containers."""
        return ref.container in self.containers

    def skips_name(self, ref: ImageRef) -> Skip | None:
        """Judge by container and name alone."""
        if not self.covers(ref):
            return Skip(SkipReason.NOT_OURS, f"not a picture of the containers {', '.join(self.containers)}")
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
        """Judge by the blob's properties and metadata."""
        if _is_folder(picture):
            return Skip(SkipReason.NOT_OURS, "a folder")
        if metadata.value(picture.metadata, metadata.SKIP).strip().lower() == "true":
            return Skip(SkipReason.EXCLUDED, f"its metadata says {metadata.SKIP}=true")
        return None

    def origin(self, picture: ImageBlob) -> ImageRef | None:
        """The watched picture whose sidecar the metadata names, if that is another: this one was renamed or copied."""
        name = metadata.decode(metadata.value(picture.metadata, metadata.SIDECAR))
        container, _, rest = name.removesuffix(".json").partition("/")
        try:
            ref = ImageRef(container, rest)
        except InvalidName:
            return None
        return ref if rest and name != sidecar_name(picture.ref) and self.covers(ref) else None


def _is_folder(picture: ImageBlob) -> bool:
    """Accounts with a hierarchical namespace keep folders as empty blobs; tools imitate that elsewhere by a name."""
    marked = metadata.value(picture.metadata, "hdi_isfolder").lower() == "true"
    return marked or (picture.size == 0 and picture.ref.name.endswith("/"))
