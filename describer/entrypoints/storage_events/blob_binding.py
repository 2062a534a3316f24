"""What the blob trigger hands over: the blob's names, and nothing else.

The host gives an SDK type's connection and names to a worker, and the bytes to any other. The usual SDK type makes a
client of the synchronous SDK, which nobody here asks for, and whose import takes longer than all others of indexing.
See docs/adr/0031-names-from-the-blob-trigger.md.
"""

import json
from typing import Any

from azurefunctions.extensions.base import Datum, InConverter, SdkType


class BlobNames(SdkType):  # type: ignore[misc]
    """The container and the name of one blob."""

    def __init__(self, container: str, name: str) -> None:
        self.container = container
        self.name = name

    def get_sdk_type(self) -> "BlobNames":
        """Return itself: there is no client behind it."""
        return self


class BlobNamesConverter(InConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[misc, call-arg]
    """Tells the worker that `BlobNames` are an SDK type, and makes them of what the host sends then."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Whether a parameter may be annotated so."""
        return issubclass(pytype, BlobNames)

    @classmethod
    def has_implicit_output(cls) -> bool:
        """Whether what a function returns is a blob; it is not."""
        return False

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: object, pytype: type) -> BlobNames:
        """Read the names.

        Args:
            data: `model_binding_data`, whose content is JSON with `Connection`, `ContainerName` and `BlobName`.
            trigger_metadata: not used.
            pytype: how the parameter is annotated.

        Raises:
            ValueError: the host sent something else.
        """
        del trigger_metadata, pytype
        if data is None or data.type != "model_binding_data":
            raise ValueError(f"the blob trigger was given {data and data.type!r}, not a blob's names")
        content: dict[str, Any] = json.loads(data.value.content)
        return BlobNames(content["ContainerName"], content["BlobName"])
