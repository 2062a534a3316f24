"""Runs the smoke test inside the app, for installations whose storage is not reachable from outside.

The app uploads a small picture with its own identity and waits for the record, which requires Event Grid, the upload
route and the model. It logs `smoke_test.passed` or `smoke_test.failed` and deletes everything again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import Conflict, DescriberError
from describer.domain.image_ref import ImageRef
from describer.domain.naming import shared_key
from describer.domain.record import Record
from describer.operations.smoke_image import FAILED, FOLDER, PASSED, PASSING, TIMEOUT_SECONDS, SmokeImage
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import Records, Uploads

_PAUSE: Final = 1.0
_SILENT: Final = "the picture was uploaded, but no sidecar appeared: its event did not arrive or its work was deferred"
_DELETE_TRIES: Final = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """Checks that an upload to `container` is described.

    Args:
        blob_filter: if it excludes the picture, the test fails at once.
        pause, clock: sleep, and a monotonic clock in seconds.
    """

    uploads: Uploads
    records: Records
    blob_filter: BlobFilter
    container: str
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def run(self, body: bytes) -> None:
        """Run one test for a message of `smoke-tests`; the message's text becomes the token in the log event."""
        smoke_image = SmokeImage.of(body.decode("utf-8", errors="ignore"))
        ref = smoke_image.ref(self.container)
        facts: dict[str, object] = {"token": smoke_image.token, "picture": ref}
        if skip := self.blob_filter.skips_name(ref):
            _log.error(FAILED, extra=facts | {"reason": f"the test cannot run: {FOLDER} {skip.detail}"})
            return
        started = self.clock()
        record, reason = None, ""
        try:
            record, reason = await self._record(ref, smoke_image.draw())
        finally:
            left = await self._remove(ref, record)
        facts |= {"seconds": round(self.clock() - started, 1), "status": str(record.status) if record else "none"}
        if record and record.status in PASSING and not left:
            _log.info(PASSED, extra=facts)
        else:
            _log.error(FAILED, extra=facts | {"reason": " ".join(filter(None, [reason, left]))})

    async def _record(self, ref: ImageRef, data: bytes) -> tuple[Record | None, str]:
        """Return the record, or the reason why there is none. Retries errors, since a new role takes time to apply."""
        deadline, uploaded = self.clock() + TIMEOUT_SECONDS, False
        while True:
            try:
                if not uploaded:
                    await self.uploads.upload(ref, data)
                    uploaded = True
                if stored := await self.records.read(ref):
                    return stored.record, stored.record.reason or ""
                why = _SILENT
            except DescriberError as fault:
                why = str(fault)
            if self.clock() >= deadline:
                return None, why
            await self.pause(_PAUSE)

    async def _remove(self, ref: ImageRef, record: Record | None) -> str:
        """Delete the picture, then its records, so that work in progress finds it gone; return the failure, if any."""
        try:
            await self.uploads.remove(ref)
            await self._delete_record(ref)
            if record:
                key = shared_key(record.source.sha256, record.fingerprint)
                await self.records.invalidate(ref.container, key)
        except DescriberError as fault:
            return f"Could not remove everything: {fault}."
        return ""

    async def _delete_record(self, ref: ImageRef) -> None:
        for _ in range(_DELETE_TRIES):
            with suppress(Conflict):  # the pipeline also deletes the sidecar of a deleted picture
                if stored := await self.records.read(ref):
                    await self.records.delete(ref, stored)
                return
