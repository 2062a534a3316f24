"""Proves the wiring from within, where nobody else can reach the storage: upload, event, model, sidecar.

The app uploads a small picture by its own identity and waits until its record appears, which takes Event Grid, the
route of uploads and the model. The end is told as the log event `wiring.proved` or `wiring.failed`, and nothing stays
behind.
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
from describer.operations.smoke_image import FAILED, FOLDER, PATIENCE, PROVED, PROVING, SmokeImage
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import Records, Uploads

_PAUSE: Final = 1.0
_SILENT: Final = "the picture was uploaded and no sidecar appeared; its event did not arrive, or its work was put off"
_FORGETTING: Final = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """Proves that an upload to `container` comes out described.

    Args:
        uploads: where the picture is put and removed.
        records: where its sidecar appears.
        blob_filter: what is described at all: a pattern that leaves the picture out is a reason, not a silence.
        container: the watched container.
        pause, clock: how to wait, and what time it is, in seconds.
    """

    uploads: Uploads
    records: Records
    blob_filter: BlobFilter
    container: str
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def prove(self, body: bytes) -> None:
        """A message of `smoke-tests`; its text names the proof, so that its log event can be found."""
        smoke_image = SmokeImage.of(body.decode("utf-8", errors="ignore"))
        ref = smoke_image.ref(self.container)
        facts: dict[str, object] = {"proof": smoke_image.token, "picture": ref}
        if skip := self.blob_filter.skips_name(ref):
            _log.error(FAILED, extra=facts | {"reason": f"nothing can be proved: {FOLDER} {skip.detail}"})
            return
        started = self.clock()
        record, reason = None, ""
        try:
            record, reason = await self._record(ref, smoke_image.draw())
        finally:
            left = await self._remove(ref, record)
        facts |= {"seconds": round(self.clock() - started, 1), "status": str(record.status) if record else "none"}
        if record and record.status in PROVING and not left:
            _log.info(PROVED, extra=facts)
        else:
            _log.error(FAILED, extra=facts | {"reason": " ".join(filter(None, [reason, left]))})

    async def _record(self, ref: ImageRef, data: bytes) -> tuple[Record | None, str]:
        """The record, and why that is no proof; a role that is still spreading is waited for."""
        deadline, uploaded = self.clock() + PATIENCE, False
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
        """Removes the picture first, so that whoever still works on it finds it gone; says what could not be."""
        try:
            await self.uploads.remove(ref)
            await self._forget(ref)
            if record:
                key = shared_key(record.source.sha256, record.fingerprint)
                await self.records.invalidate(ref.container, key)
        except DescriberError as fault:
            return f"Not all was removed: {fault}."
        return ""

    async def _forget(self, ref: ImageRef) -> None:
        for _ in range(_FORGETTING):
            with suppress(Conflict):  # the line itself removes the sidecar of a picture that is gone
                if stored := await self.records.read(ref):
                    await self.records.delete(ref, stored)
                return
