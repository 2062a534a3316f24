"""Runs samples/cms/receiver.mjs, and delivers events to it as Event Grid does."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp
import httpx2

from local.eventgrid.destinations import Webhook
from local.eventgrid.events import Schema
from local.ports import free_ports
from tests.cms.systems import NODE, RECIPES

SECRET: Final = "a-secret-of-the-subscription-of-32-characters"
_PATIENCE: Final = 30.0


@contextmanager
def receiver(system: str, url: str, authorization: str, languages: str, log: Path) -> Iterator[str]:
    """Run it for this system; yields its address."""
    (port,) = free_ports(1)
    told = {"SYSTEM": system, "SYSTEM_URL": url, "SYSTEM_AUTH": authorization, "LANGUAGES": languages}
    told |= {"WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    command = [NODE, RECIPES / "receiver.mjs"]
    with log.open("wb") as output, subprocess.Popen(command, env=told, stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + _PATIENCE
            while b"ready" not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"The receiver did not start:\n{log.read_text('utf-8')}")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def post(url: str, event: object, secret: str = SECRET) -> httpx2.Response:
    """Deliver one event, and return the receiver's answer."""
    return httpx2.post(url, json=event, headers={"x-webhook-secret": secret}, timeout=60)


async def subscribe(url: str) -> None:
    """Event Grid's handshake. Raises SystemExit if the receiver fails it."""
    async with aiohttp.ClientSession() as http:
        await Webhook(url, Schema.CLOUD_EVENTS, http).validate()


def event(name: str, texts: Mapping[str, str], **data: object) -> dict[str, object]:
    """An event of the app with the fields that the receiver reads."""
    said = {language: {"alt_text": text} for language, text in texts.items()}
    facts = {"container": "images", "name": name, "status": "described", "flags": [], "is_decorative": False}
    return {
        "type": "ImageDescriber.ImageDescribed",
        "data": facts | {"texts": said, "texts_left_out": []} | data,
    }
