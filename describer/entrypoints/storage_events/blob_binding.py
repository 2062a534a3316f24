"""The blob trigger's parameter type: only the blob's names.

The host sends connection and names for an SDK type, and the blob's bytes for any other type. The usual SDK type creates
a client of the synchronous SDK, which the app does not need and whose import takes longer than the rest of indexing.
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
        """Return itself: there is no client."""
        return self


class BlobNamesConverter(InConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[misc, call-arg]
    """Declares `BlobNames` as an SDK type to the worker, and decodes the host's data."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Return whether a parameter may have this annotation."""
        return issubclass(pytype, BlobNames)

    @classmethod
    def has_implicit_output(cls) -> bool:
        """Return False: the function's result is not a blob."""
        return False

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: object, pytype: type) -> BlobNames:
        """Decode `model_binding_data`, whose content is JSON with `Connection`, `ContainerName` and `BlobName`.

        Raises:
            ValueError: the host sent something else.
        """
        del trigger_metadata, pytype
        if data is None or data.type != "model_binding_data":
            raise ValueError(f"the blob trigger was given {data and data.type!r}, not a blob's names")
        content: dict[str, Any] = json.loads(data.value.content)
        return BlobNames(content["ContainerName"], content["BlobName"])
