"""What the blob trigger's converter makes of what the host sends."""

import json
from types import SimpleNamespace

import pytest
from azurefunctions.extensions.base import Datum

from describer.entrypoints.storage_events.blob_binding import BlobNames, BlobNamesConverter


def _datum(**content: str) -> Datum:
    return Datum(SimpleNamespace(content=json.dumps(content).encode()), "model_binding_data")


def test_names_are_read_as_they_stand() -> None:
    datum = _datum(Connection="IMAGES", ContainerName="images", BlobName="pets/é ü#1 %41+&'\" .jpg")
    read = BlobNamesConverter.decode(datum, trigger_metadata={}, pytype=BlobNames)
    assert (read.container, read.name) == ("images", "pets/é ü#1 %41+&'\" .jpg")


@pytest.mark.parametrize("datum", [None, Datum(b"bytes", "bytes"), Datum(None, None)])
def test_anything_else_is_said_to_be_wrong(datum: Datum | None) -> None:
    with pytest.raises(ValueError, match="not a blob's names"):
        BlobNamesConverter.decode(datum, trigger_metadata={}, pytype=BlobNames)
