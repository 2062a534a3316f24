"""Reads a blob's bytes for whoever asks, or says why this picture is not read."""

from describer.domain import companions
from describer.domain.companions import LOOKED_AT, Companion
from describer.domain.errors import ImageRejected, TooLarge
from describer.domain.image_blob import ImageBlob, ImageContent
from describer.pipeline.ports import Images


async def companion_of(images: Images, picture: ImageBlob) -> Companion | None:
    """Return what the blob is, if it is no picture: by its first bytes, or by its name if it has none to read.

    What is named like a picture is taken for one, whatever is in it: its record says what is wrong. So only other
    names cost a request more, which reads 64 KiB.
    """
    name = picture.ref.name
    if companions.claims_to_be_a_picture(name):
        return None
    start = b"" if picture.refusal or not picture.size else await images.head(picture.ref, LOOKED_AT)
    return companions.recognise(start) if start else companions.by_name(name)


async def read(images: Images, picture: ImageBlob, max_bytes: int) -> ImageContent:
    """Return the bytes of exactly this blob; `refusal` says why there are none.

    Raises:
        Conflict: the blob has changed since, or is gone.
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
    """Return the refusal of a picture of `size` bytes."""
    return TooLarge(f"The picture has {size:,} bytes; MAX_IMAGE_MB allows {max_bytes:,}.")
