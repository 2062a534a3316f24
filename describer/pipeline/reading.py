"""Reads a blob's bytes, or returns the reason why the picture is not read."""

from describer.domain.errors import ImageRejected, TooLarge
from describer.domain.image_blob import ImageBlob, ImageContent
from describer.pipeline.ports import Images


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
