"""Reads a blob's bytes, or returns the reason why the picture is not read."""

from describer.domain import companions
from describer.domain.companions import LOOKED_AT, Companion
from describer.domain.errors import ImageRejected, TooLarge
from describer.domain.image_blob import ImageBlob, ImageContent
from describer.pipeline.ports import Images


async def companion_of(images: Images, picture: ImageBlob) -> Companion | None:
    """Return the kind of a blob that is not a picture, by its first bytes or, if these are unreadable, its name.

    A blob with a picture's extension counts as one whatever its content: its record states the fault. Only other names
    take the additional request, which reads 64 KiB.
    """
    name = picture.ref.name
    if companions.claims_to_be_a_picture(name):
        return None
    start = b"" if picture.refusal or not picture.size else await images.head(picture.ref, LOOKED_AT)
    return companions.recognise(start) if start else companions.by_name(name)


async def read(images: Images, picture: ImageBlob, max_bytes: int) -> ImageContent:
    """Return the bytes of exactly this blob; `refusal` says why there are none.

    Raises:
        Conflict: the blob has changed or is gone.
    """
    try:
        if picture.refusal:
            raise picture.refusal
        if picture.size > max_bytes:
            raise too_large(picture.size, max_bytes)
        return await images.read(picture)
    except ImageRejected as refusal:
        return ImageContent(picture.size, refusal=refusal)


def too_large(size: int, max_bytes: int) -> TooLarge:
    """Return the error for a picture of `size` bytes."""
    return TooLarge(f"The picture has {size:,} bytes; MAX_IMAGE_MB allows {max_bytes:,}.")
