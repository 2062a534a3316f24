"""How a blob is named on the command line."""

import click

from describer.domain.image_ref import ImageRef


def blob_of(text: str) -> ImageRef:
    """The blob that `CONTAINER/NAME` names. Raises click.UsageError, InvalidName."""
    container, slash, name = text.partition("/")
    if not slash or not container or not name:
        raise click.UsageError(f"{text!r} is no CONTAINER/NAME, such as images/pets/cat.jpg.")
    return ImageRef(container, name)
