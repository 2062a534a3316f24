"""Uploads the pictures and waits until each has its record: the sidecar, and metadata that names the sidecar's ETag."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from urllib.parse import unquote

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from local.demo.pictures import LONGEST_NAME, Picture
from local.demo.result import Lost, Result
from local.stack import DESCRIPTIONS_CONTAINER, IMAGES_CONTAINER, Stack

WINDOW = 16  # concurrent pictures: twice the app's concurrent model calls
LONGEST_REASON = 400  # characters; the log has the whole text
PAUSE = 0.1  # seconds between two checks of a picture
DEEPEST_NAME = 61  # segments


async def described(stack: Stack, pictures: Sequence[Picture], patience: float) -> AsyncGenerator[Result | Lost]:
    """Yield each picture's result.

    Args:
        stack: a running one.
        pictures: what to upload.
        patience: seconds without any new record after which all waiting pictures are given up.

    Raises:
        ChildFailed: a part of the stack died.

    """
    async with stack.storage.blob_service() as blobs:
        watch = _Watch(stack, blobs, patience)
        tasks = [asyncio.create_task(watch.end_of(picture)) for picture in pictures]
        try:
            async for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def sidecar_name(name: str) -> str:
    """Return the name of a picture's sidecar if its metadata has no space for it (docs/records.md)."""
    whole = f"{IMAGES_CONTAINER}/{name}.json"
    segments = whole.split("/")
    if len(whole) <= LONGEST_NAME and len(segments) <= DEEPEST_NAME:
        return whole
    tail = f"~{hashlib.sha256(name.encode()).hexdigest()}.json"
    return "/".join(segments[:DEEPEST_NAME])[: LONGEST_NAME - len(tail)] + tail


class _Watch:
    def __init__(self, stack: Stack, blobs: BlobServiceClient, patience: float) -> None:
        self._stack = stack
        self._blobs = blobs
        self._patience = patience
        self._window = asyncio.Semaphore(WINDOW)
        self._last = time.monotonic()

    async def end_of(self, picture: Picture) -> Result | Lost:
        """Upload a picture and wait for its record."""
        async with self._window:
            if self._stalled:
                return Lost(picture, "not uploaded any more")
            began = time.monotonic()
            blob = self._blobs.get_blob_client(IMAGES_CONTAINER, picture.name)
            try:
                await self._upload(picture, blob)
            except OSError as error:
                return Lost(picture, f"the file cannot be read: {error.strerror or error}")
            except AzureError as error:
                return Lost(picture, f"storage did not take it: {str(error).splitlines()[0]}")
            return await self._record(picture, blob, began)

    @property
    def _stalled(self) -> bool:
        return time.monotonic() - self._last > self._patience

    @staticmethod
    async def _upload(picture: Picture, blob: BlobClient) -> None:
        with picture.path.open("rb") as data:
            await blob.upload_blob(
                data, overwrite=True, content_settings=ContentSettings(content_type=picture.content_type)
            )

    async def _record(self, picture: Picture, blob: BlobClient, began: float) -> Result | Lost:
        while not self._stalled:
            self._stack.check()
            metadata = (await blob.get_blob_properties()).metadata
            if etag := metadata.get("description_record"):
                seconds = time.monotonic() - began
                name = unquote(metadata.get("description_sidecar", "")) or sidecar_name(picture.name)
                if sidecar := await self._sidecar(name, etag):
                    self._last = time.monotonic()
                    return Result(picture, metadata, json.loads(sidecar), seconds)
            await asyncio.sleep(PAUSE)
        return Lost(picture, f"no record; for {self._patience:g} s no picture got one")

    async def _sidecar(self, name: str, etag: str) -> bytes | None:
        """Return the sidecar, or None while it is not the version that the metadata names."""
        try:
            found = await self._blobs.get_blob_client(DESCRIPTIONS_CONTAINER, name).download_blob()
        except ResourceNotFoundError:
            return None
        return await found.readall() if str(found.properties.etag).strip('"') == etag else None


def last_reason(log: Path) -> str:
    """Return the app's last logged reason for deferring work, or empty."""
    found = ""
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            _, marker, facts = line.partition("picture.deferred ")
            if marker:
                try:
                    found = " ".join(str(json.loads(facts)["reason"]).split())
                except (ValueError, KeyError, TypeError):
                    continue
    return found if len(found) <= LONGEST_REASON else f"{found[:LONGEST_REASON]}…"


async def reasons(log: Path) -> AsyncGenerator[str]:
    """Yield each new reason for which the app puts work off, for ever."""
    known = ""
    while True:
        reason = await asyncio.to_thread(last_reason, log)
        if reason and reason != known:
            known = reason
            yield reason
        await asyncio.sleep(1)
