"""What a plain new upload asks of storage: the table in docs/ARCHITECTURE.md, request by request, on Azurite."""

import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.storage.blob.aio import BlobServiceClient

from describer.adapters.blob_images import BlobImages
from describer.adapters.sidecars import BlobRecords
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Skip
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.pipeline import Pipeline
from local.storage import Storage
from tests.storage import unique
from tests.unit.conftest import BRIEF, Harness

DOCUMENT = (Path(__file__).parents[2] / "docs" / "ARCHITECTURE.md").read_text("utf-8")
TABLE = re.findall(
    r"^\| \d \| `(\w+)` (the picture|the sidecar|`_content`)(?:'s (metadata))? \|", DOCUMENT, re.MULTILINE
)
# The SDK hides the values of queries: `comp` is there for metadata alone.
_SENT = re.compile(r"Request URL: '(?P<url>[^']+)'\s+Request method: '(?P<method>\w+)'")


@pytest.fixture
async def service(storage: Storage) -> AsyncIterator[BlobServiceClient]:
    async with storage.blob_service() as service:
        yield service


async def _pipeline(service: BlobServiceClient) -> tuple[Pipeline, ImageRef]:
    images, descriptions = unique("images"), unique("descriptions")
    await service.create_container(images)
    records = BlobRecords(await service.create_container(descriptions))
    pipeline = Harness().pipeline
    describer = replace(pipeline.image_describer, records=records)
    pipeline = replace(pipeline, images=BlobImages(service), records=records, image_describer=describer)
    return replace(pipeline, blob_filter=BlobFilter((images,))), ImageRef(images, "cat.jpg")


def _asked(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    asked = []
    for entry in caplog.records:
        if found := _SENT.search(entry.getMessage()):
            url = urlsplit(found["url"])
            what = "`_content`" if "/_content/" in url.path else "the sidecar" if ".json" in url.path else "the picture"
            asked.append((found["method"], what, "metadata" if "comp=" in url.query else ""))
    return asked


async def test_a_plain_new_upload_asks_what_the_table_says(
    service: BlobServiceClient, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline, ref = await _pipeline(service)
    await service.get_blob_client(ref.container, ref.name).upload_blob(b"cat")
    with caplog.at_level(logging.INFO, "azure.core.pipeline.policies.http_logging_policy"):
        caplog.clear()  # what was asked before is there too, if another test has set the level of all loggers
        assert isinstance(await pipeline.describe(ref, BRIEF), Record)
        first = _asked(caplog)
        caplog.clear()
        assert isinstance(await pipeline.describe(ref, BRIEF), Skip)
        again = _asked(caplog)
    assert first == TABLE
    assert again == TABLE[:3], "a picture that has its record is read, and nothing more"
