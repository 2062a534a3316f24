"""The smoke test: an upload's record appears in time, or the log says why not; nothing stays behind."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from describer.domain.errors import DescriberError, Misconfigured, Transient
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.naming import shared_key
from describer.domain.record import Record
from describer.operations.smoke_image import FAILED, PASSED, TIMEOUT_SECONDS, SmokeImage
from describer.operations.smoke_test import SmokeTest
from describer.pipeline.blob_filter import BlobFilter
from tests.fakes import FakeImages, FakeRecords

REF = SmokeImage("t1").ref("images")


class Uploading(FakeImages):
    """Fails as often as the script says; remembers what was uploaded."""

    def __init__(self) -> None:
        super().__init__()
        self.script: list[DescriberError] = []
        self.uploaded: list[ImageRef] = []
        self.stays = False

    async def upload(self, ref: ImageRef, data: bytes) -> None:
        if self.script:
            raise self.script.pop(0)
        self.uploaded.append(ref)
        await super().upload(ref, data)

    async def remove(self, ref: ImageRef) -> None:
        if self.stays:
            raise Misconfigured("storage answered 403")
        await super().remove(ref)


@dataclass
class Installation:
    """An app whose record of the picture appears `after` seconds, and a clock that moves by waiting."""

    caplog: pytest.LogCaptureFixture
    blob_filter: BlobFilter = field(default_factory=lambda: BlobFilter(["images"]))
    after: float | None = 3.0
    status: str = "described"
    images: Uploading = field(default_factory=Uploading)
    records: FakeRecords = field(default_factory=FakeRecords)
    now: float = 1000.0

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        if self.after is not None and self.now >= 1000 + self.after and REF in self.images.blobs:
            await self._describe(sha256(self.images.blobs[REF].data).hexdigest())

    async def _describe(self, digest: str) -> None:
        source = {"container": "images", "name": REF.name, "etag": '"1"', "size": 3, "sha256": digest}
        record = Record.model_validate(
            {"status": self.status, "language": "en", "alt_text": "A sun.", "source": source, "fingerprint": "f" * 16}
            | {"at": datetime(2026, 11, 23, tzinfo=UTC), "reason": "" if self.status == "described" else "because"}
        )
        if await self.records.read(REF) is None:
            await self.records.write(REF, record, replaces=None)
            await self.records.cache("images", shared_key(digest, record.fingerprint), record)

    async def run(self) -> tuple[str, dict[str, Any]]:
        """The log event and its facts."""
        smoke_test = SmokeTest(
            self.images, self.records, self.blob_filter, "images", pause=self.pause, clock=lambda: self.now
        )
        with self.caplog.at_level(logging.INFO, logger="describer.operations.smoke_test"):
            await smoke_test.run(b"t1")
        assert len(self.caplog.records) == 1
        return self.caplog.records[0].getMessage(), vars(self.caplog.records[0])

    def nothing_stays(self) -> bool:
        return not (self.images.blobs or self.records.stored or self.records.shared)


@pytest.fixture
def installation(caplog: pytest.LogCaptureFixture) -> Installation:
    return Installation(caplog)


async def test_a_described_picture_passes(installation: Installation) -> None:
    said, facts = await installation.run()
    assert said == PASSED
    assert (facts["token"], facts["status"], facts["seconds"]) == ("t1", "described", 3.0)
    assert "A sun." not in str(facts)
    assert installation.images.uploaded == [REF]
    assert installation.nothing_stays()


async def test_a_role_that_is_still_spreading_is_waited_for(installation: Installation) -> None:
    installation.images.script = [Misconfigured("storage answered 403"), Transient("storage answered 503")]
    said, _ = await installation.run()
    assert said == PASSED
    assert installation.nothing_stays()


async def test_a_sidecar_that_never_comes_fails_it_in_time(installation: Installation) -> None:
    installation.after = None
    said, facts = await installation.run()
    assert said == FAILED
    assert "no sidecar appeared" in facts["reason"]
    assert facts["status"] == "none"
    assert facts["seconds"] == TIMEOUT_SECONDS
    assert installation.nothing_stays()


async def test_a_record_without_an_answer_fails_it_and_says_why(installation: Installation) -> None:
    installation.status = "failed"
    said, facts = await installation.run()
    assert (said, facts["status"], facts["reason"]) == (FAILED, "failed", "because")
    assert installation.nothing_stays()


async def test_a_role_that_never_comes_fails_it_and_says_why(installation: Installation) -> None:
    installation.images.script = [Misconfigured("storage answered 403")] * 1000
    said, facts = await installation.run()
    assert (said, facts["reason"]) == (FAILED, "storage answered 403")


@pytest.mark.parametrize(
    "blob_filter", [BlobFilter(["images"], include=["*.jpg"]), BlobFilter(["images"], exclude=["_*/"])]
)
async def test_patterns_that_leave_the_picture_out_are_named_and_nothing_is_uploaded(
    installation: Installation, blob_filter: BlobFilter
) -> None:
    installation.blob_filter = blob_filter
    said, facts = await installation.run()
    assert said == FAILED
    assert "the test cannot run" in facts["reason"]
    assert "IMAGES_" in facts["reason"]
    assert installation.images.uploaded == []


async def test_what_cannot_be_removed_is_reported(installation: Installation) -> None:
    installation.images.stays = True
    said, facts = await installation.run()
    assert said == FAILED
    assert "Could not remove everything" in facts["reason"]


async def test_a_sidecar_that_the_pipeline_removes_meanwhile_is_no_fault(installation: Installation) -> None:
    """The pipeline removes the sidecar of a picture that is gone; here between our reading and our deleting."""

    class Racing(FakeRecords):
        async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
            self.stored.pop(ref)
            await super().delete(ref, stored)

    installation.records = Racing()
    said, _ = await installation.run()
    assert said == PASSED
    assert installation.nothing_stays()
