"""Parses names of blobs on the command line."""

import click

from describer.domain.image_ref import ImageRef


def blob_of(text: str) -> ImageRef:
    """Parse `CONTAINER/NAME`. Raises click.UsageError, InvalidName."""
    container, slash, name = text.partition("/")
    if not slash or not container or not name:
        raise click.UsageError(f"{text!r} is not CONTAINER/NAME, such as images/pets/cat.jpg.")
    return ImageRef(container, name)
