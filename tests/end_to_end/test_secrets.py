"""Callers put marked secrets wherever they can, through every entry point, and none of them comes out where it is kept.

Looked at are what reaches Application Insights, the app's log with debug logging on (it holds what INFO holds), events,
records, and the answers. The second run does the same with an app in which every port has a bug that quotes what it
was given.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from azure.storage.queue.aio import QueueServiceClient
from mcp import Client, types
from mcp.client.streamable_http import streamable_http_client

from describer.domain.image_ref import ImageRef
from describer.pipeline import vocabulary as v
from local.azure_openai import faults
from local.azure_openai.script import Script, serve
from local.extensions.storage import put
from local.stack import Stack
from tests import pictures
from tests.end_to_end.conftest import ROOT, SETTINGS, System
from tests.ingestion import Ingestion, ingestion
from tests.storage import encoded, until

NAME, ABSENT = "people/NAMEMARK-Agatha.jpg", "people/NAMEMARK-absent.jpg"
SIGNED = "https://USERMARK:x@pictures.example/PATHMARK.jpg?sv=1&sig=SIGMARK"
SAID = "A test picture of"
"""How the texts begin that the model gives."""
SPOKEN_OF = ("stored", "stored, key in the address", "list", "list, key in the address")
"""Answers that are records."""
RETURNED = ("work.returned", "message.dead_lettered")
FAILING = ("publish", "run_smoke_test", "work", "on_storage_event")
"""Functions whose bugs nothing inside of the app catches."""
MARKS = (
    *("USERMARK", "SIGMARK", "PATHMARK", "CONTEXTMARK", "PROMPTMARK", "OPTIONMARK", "FIELDMARK", "FILEMARK"),
    *("EXIFMARK", "HEADERMARK", "CURSORMARK", "QUERYMARK", "CONTAINERMARK", "QUEUEMARK", "EVENTMARK"),
    *("SERVERMARK", "LANGUAGEMARK", "PREFIXMARK", "BUGMARK", "METHODMARK", "MATCHMARK"),
)

BUGGY = f"""
import importlib.util, sys
sys.path.insert(1, {str(ROOT)!r})
spec = importlib.util.spec_from_file_location("real", {str(ROOT / "function_app.py")!r})
real = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)

class Buggy:
    publisher = property(lambda self: self)
    def __getattr__(self, name):
        async def bug(*given, **named):
            try:
                raise KeyError("BUGMARK", given, named)
            except KeyError as cause:
                raise ValueError(f"BUGMARK {{given}} {{named}}") from cause
        return bug

buggy = Buggy()
for part in ("_images", "records", "web", "_blobs", "publisher", "model"):
    real.services.__dict__[part] = buggy
real.services.checks = buggy.checks
app = real.app
"""


@dataclass
class Seen:
    """What came out, by where."""

    answers: dict[str, str] = field(default_factory=dict)
    key: str = ""
    mcp_key: str = ""
    telemetry: str = ""
    log: str = ""
    events: str = ""
    records: str = ""
    items: Ingestion = field(default_factory=Ingestion)

    def leaks(self, *marks: str) -> dict[str, list[str]]:
        """Where marks were seen, with what stands around the first of each."""
        places = {"telemetry": self.telemetry, "log": self.log, "events": self.events, "records": self.records}
        places |= {f"answer: {label}": text for label, text in self.answers.items()}
        found = {place: [_around(text, mark) for mark in marks if mark in text] for place, text in places.items()}
        return {place: seen for place, seen in found.items() if seen}


def _around(text: str, mark: str) -> str:
    at = text.index(mark)
    return text[max(0, at - 80) : at + len(mark) + 20]


def _picture() -> bytes:
    exif = pictures.exif()
    exif[0x010E] = "EXIFMARK"
    return pictures.jpeg(231, 150, exif=exif.tobytes())


@dataclass
class Caller:
    """Calls through every entry point."""

    system: System
    answers: dict[str, str] = field(default_factory=dict)

    async def http(self) -> None:
        """All operations: marked in addresses, headers, options, bodies and names."""
        where, picture = self.system.stack.addresses, _picture()
        image = {"content-type": "image/jpeg"}
        key = {"x-functions-key": where.function_key}
        marked = {
            "x-request-id": "HEADERMARK",
            "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01",
            "tracestate": "v=HEADERMARK",
            "baggage": "who=HEADERMARK",
            "user-agent": "HEADERMARK",
            "cookie": "a=HEADERMARK",
            "referer": "https://HEADERMARK.example/",
        }
        blob = {"blob": {"container": "images", "name": NAME}}
        absent = {"blob": {"container": "images", "name": ABSENT}}
        elsewhere = {"blob": {"container": "CONTAINERMARK", "name": ABSENT}}
        inline = {"base64": base64.b64encode(picture).decode()}
        signed = {"url": SIGNED}
        clear = {"url": SIGNED.replace("USERMARK:x@", "")}
        code = f"code={where.function_key}"
        calls: dict[str, dict[str, Any]] = {
            "picture": {"content": picture, "headers": image, "params": {"context": "CONTEXTMARK"}},
            "picture, unknown option": {"content": picture, "headers": image, "params": {"QUERYMARK": "QUERYMARK"}},
            "damaged": {"content": picture[:900], "headers": image},
            "language": {"content": picture, "headers": image, "params": {"languages": "LANGUAGEMARK-in-sentences"}},
            "profile": {"content": picture, "headers": image, "params": {"profile": "OPTIONMARK"}},
            "model": {"content": picture, "headers": image, "params": {"model": "OPTIONMARK"}},
            "not a number": {"content": picture, "headers": image, "params": {"max_chars": "OPTIONMARK"}},
            "json": {"json": {"images": [inline], "context": "CONTEXTMARK"}},
            "json, question": {"json": {"images": [inline], "prompt": "PROMPTMARK", "context": "CONTEXTMARK"}},
            "json, no such form": {
                "json": {"images": [inline], "prompt": "PROMPTMARK"},
                "headers": {"accept": "text/event-stream, x/FIELDMARK"},
            },
            "json, unknown": {"json": {"images": [inline], "option": "FIELDMARK"}},
            "json, broken": {
                "content": b'{"images": [{"url": "SIGMARK"}',
                "headers": {"content-type": "application/json"},
            },
            "json, urls": {"json": {"images": [signed, clear, inline]}},
            "json, url": {"json": {"images": [clear]}},
            "json, asked of a url": {"json": {"images": [clear], "prompt": "PROMPTMARK"}},
            "json, blob": {"json": {"images": [blob], "context": "CONTEXTMARK"}},
            "json, blob written": {"json": {"images": [blob], "write": True, "context": "CONTEXTMARK"}},
            "json, absent": {"json": {"images": [absent]}},
            "json, elsewhere": {"json": {"images": [elsewhere, blob]}},
            "json, address as blob": {"json": {"images": [{"blob": {"container": "https:", "name": SIGNED[8:]}}]}},
            "form": {"files": {"images": ("FILEMARK.jpg", picture, "image/jpeg")}, "data": {"context": "CONTEXTMARK"}},
            "form, unknown": {"files": {"images": ("a.jpg", picture, "image/jpeg")}, "data": {"option": "FIELDMARK"}},
            "unknown type": {"content": picture, "headers": {"content-type": "FIELDMARK/x"}},
        }
        gets = {
            "stored": f"/descriptions/images/{quote(NAME)}?QUERYMARK=QUERYMARK",
            "stored, absent": f"/descriptions/images/{quote(ABSENT)}",
            "stored, elsewhere": f"/descriptions/CONTAINERMARK/{quote(ABSENT)}",
            "no path": "/descriptions/images/%ffPATHMARK",
            "nowhere": "/PATHMARK",
            "list": "/descriptions?prefix=people/",
            "list, prefix": "/descriptions?prefix=PREFIXMARK&QUERYMARK=1",
            "list, cursor": "/descriptions?cursor=CURSORMARK",
            "list, container": "/descriptions?container=CONTAINERMARK",
            "list, status": "/descriptions?status=OPTIONMARK",
            "health": "/health?QUERYMARK=QUERYMARK",
            "deep": "/health/deep",
        }
        async with httpx2.AsyncClient(timeout=60) as http:

            async def call(
                label: str, method: str, address: str, given: Mapping[str, Any], headers: dict[str, str]
            ) -> None:
                sent = {**given, "headers": marked | headers | given.get("headers", {})}
                answer = await http.request(method, f"{where.api}{address}", **sent)
                self.answers[label] = f"{answer.headers} {answer.text}"

            for label, given in calls.items():
                await call(label, "POST", "/describe", given, key)
                if "params" not in given:  # a key in the query, which the platform takes too
                    await call(f"{label}, key in the address", "POST", f"/describe?{code}&QUERYMARK=1", given, {})
            for label, address in gets.items():
                await call(label, "GET", address, {"headers": {"if-none-match": '"MATCHMARK"'}}, key)
                await call(
                    f"{label}, key in the address", "GET", f"{address}{'&' if '?' in address else '?'}{code}", {}, {}
                )
            await call("method", "METHODMARK", "/describe", {}, key)

    async def mcp(self) -> None:
        """The tool, with every argument marked."""
        where = self.system.stack.addresses
        inline = f"data:image/jpeg;base64,{base64.b64encode(_picture()).decode()}"
        calls: dict[str, dict[str, object]] = {
            "a picture": {"url": inline, "about": "CONTEXTMARK"},
            "a url": {"url": SIGNED, "about": "CONTEXTMARK"},
            "a url without a user": {"url": SIGNED.replace("USERMARK:x@", "")},
            "http": {"url": SIGNED.replace("https", "http")},
            "a blob": {"blob": f"images/{NAME}", "about": "CONTEXTMARK"},
            "absent": {"blob": f"images/{ABSENT}"},
            "elsewhere": {"blob": "CONTAINERMARK/x.jpg"},
            "no slash": {"blob": "PATHMARK"},
            "an address as a blob": {"blob": SIGNED},
            "language": {"url": inline, "language": "LANGUAGEMARK-in-sentences"},
            "no texts": {"url": {"SIGMARK": "SIGMARK"}, "about": ["CONTEXTMARK"]},
            "unknown": {"url": inline, "OPTIONMARK": "OPTIONMARK"},
            "both": {"url": SIGNED, "blob": f"images/{NAME}"},
        }
        async with (
            httpx2.AsyncClient(headers={"x-functions-key": where.key, "user-agent": "HEADERMARK"}, timeout=60) as http,
            Client(streamable_http_client(where.mcp, http_client=http)) as client,
        ):
            for label, arguments in calls.items():
                result = await client.call_tool("describe_image", arguments)
                self.answers[f"mcp, {label}"] = "".join(
                    content.text for content in result.content if isinstance(content, types.TextContent)
                )

    async def queues(self) -> None:
        """Events and messages: of pictures, and of nothing that the app knows."""
        host = self.system.queues
        for body in (
            {"eventType": "EVENTMARK", "subject": "EVENTMARK", "eventTime": "EVENTMARK"},
            {"eventType": "Microsoft.Storage.BlobCreated", "subject": ImageRef("images", ABSENT).subject},
            {"eventType": "Microsoft.Storage.BlobCreated", "subject": ImageRef("elsewhere", ABSENT).subject},
            {
                "eventType": "Microsoft.Storage.BlobRenamed",
                "subject": ImageRef("images", ABSENT).subject,
                "data": {"sourceUrl": "QUEUEMARK"},
            },
            {"eventType": "x", "subject": ImageRef("images", NAME).subject, "attempts": "QUEUEMARK"},
        ):
            await self.put(host, "image-work", json.dumps(body))
        await self.put(host, "image-work", "QUEUEMARK")
        await self.put(host, "unpublished-events", json.dumps({"id": "QUEUEMARK", "subject": "QUEUEMARK"}))
        await self.put(host, "smoke-tests", "")
        upload = {"FunctionId": "Host.Functions.describe_on_upload", "ContainerName": "images", "BlobName": NAME}
        for message in ("QUEUEMARK", json.dumps(upload), json.dumps(upload | {"ContainerName": "CONTAINERMARK"})):
            await self.put(host, "webjobs-blobtrigger-poison", message)

    @staticmethod
    async def put(service: QueueServiceClient, queue: str, message: str) -> None:
        await put(service.get_queue_client(queue), encoded(message))

    async def events(self) -> None:
        """Event Grid's webhook, as it calls it, with events in both schemas, right and wrong."""
        where = self.system.stack.addresses
        webhook = f"{where.http}/runtime/webhooks/eventgrid?functionName=on_storage_event&code={where.key}"
        common = {"id": "EVENTMARK", "topic": "/EVENTMARK", "dataVersion": "", "metadataVersion": "1"}
        async with httpx2.AsyncClient(timeout=60) as http:
            for subject, data in (
                (ImageRef("images", NAME).subject, {"url": SIGNED, "api": "EVENTMARK"}),
                ("EVENTMARK", {}),
                (ImageRef("images", ABSENT).subject, {"sourceUrl": "https://EVENTMARK"}),
            ):
                kind = "Microsoft.Storage.BlobRenamed" if "sourceUrl" in data else "Microsoft.Storage.BlobCreated"
                event = common | {"eventType": kind, "subject": subject, "data": data}
                event["eventTime"] = "2026-11-23T08:00:00Z"
                answer = await http.post(webhook, json=[event], headers={"aeg-event-type": "Notification"})
                self.answers[f"event {subject}"] = answer.text


async def _seen(folder: Path, app: Path, ends: tuple[str, ...]) -> Seen:
    """Runs everything on this app, and gives what came out once the log has these words."""
    seen = Seen()
    with ingestion(str(folder)) as endpoint, serve(Script()) as model:
        settings = SETTINGS | endpoint.settings | {"PYTHON_ENABLE_DEBUG_LOGGING": "1", "RETRY_BASE_SECONDS": "0.1"}
        with Stack(app, folder / "state", settings, model_url=model.url) as stack:
            async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
                system = System(
                    stack, model, blobs, queues, rules={232: faults.error(400, f"SERVERMARK {SAID}", "SERVER")}
                )
                model.script.always(system.answer)
                await system.upload(NAME, _picture())
                await system.upload("people/second.jpg", pictures.jpeg(232, 150))
                await until(lambda: "picture.unexpected" in _log(stack) or len(system.log("picture.deferred")) > 0)
                caller = Caller(system)
                async with asyncio.TaskGroup() as entry_points:
                    for entry_point in (caller.http, caller.mcp, caller.queues, caller.events):
                        entry_points.create_task(entry_point())
                await until(lambda: all(end in _log(stack) for end in ends))
                seen.answers = caller.answers
                records = system.blobs.get_container_client("descriptions")
                async for name in records.list_blob_names():
                    seen.records += name + (await (await records.download_blob(name)).readall()).decode()
            seen.key, seen.mcp_key = stack.addresses.function_key, stack.addresses.key
        seen.log = _log(stack)
        seen.events = stack.events.read_text(encoding="utf-8")
        seen.items = endpoint
        seen.telemetry = json.dumps(endpoint.items, ensure_ascii=False)
    return seen


def _log(stack: Stack) -> str:
    return (stack._state / "logs" / "host.log").read_text(encoding="utf-8")


def _names(seen: Seen) -> set[str]:
    return {span["name"] for span in seen.items.of("RemoteDependencyData")}


def _events(seen: Seen) -> set[str]:
    return {event["message"] for event in seen.items.of("MessageData")}


@pytest.fixture(scope="module")
async def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return await _seen(tmp_path_factory.mktemp("seen"), ROOT, (*RETURNED, "smoke_test."))


@pytest.fixture(scope="module")
async def seen_of_bugs(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("bugs")
    (folder / "function_app.py").write_text(BUGGY, encoding="utf-8")
    copy(ROOT / "host.json", folder)
    return await _seen(folder, folder, (*RETURNED, *(f'"function": "{name}"' for name in FAILING)))


async def test_no_secret_of_a_caller_is_kept_or_answered(seen: Seen) -> None:
    """But for the context of a caller who had the answer written: the record keeps what it was asked."""
    others = [mark for mark in MARKS if mark != "CONTEXTMARK"]
    assert seen.leaks(*others, seen.key, seen.mcp_key) == {}
    assert set(seen.leaks("CONTEXTMARK")) <= {"records", *(f"answer: {label}" for label in SPOKEN_OF)}


async def test_a_blobs_name_and_a_text_about_it_stay_in_what_is_theirs(seen: Seen) -> None:
    theirs = {"events", "records", *(f"answer: {label}" for label in SPOKEN_OF)}
    assert set(seen.leaks("NAMEMARK")) <= theirs
    assert set(seen.leaks(SAID)) & {"telemetry", "log", "events"} == set()
    assert {"records", "answer: json", "answer: mcp, a picture"} <= set(seen.leaks(SAID))


async def test_what_may_leave_does_leave(seen: Seen) -> None:
    """Or the tests above would look at nothing."""
    assert {v.DESCRIBE, v.IMAGES_READ, v.RECORDS_WRITE, "chat gpt-5.6-luna"} <= _names(seen)
    expected = {
        "picture.done",
        "picture.deferred",
        "http.answered",
        "mcp.refused",
        "work.returned",
        "message.dead_lettered",
    }
    assert expected <= _events(seen)
    reasons = {event["properties"].get("reason") for event in seen.items.of("MessageData")}
    assert "The model's server answered 400 SERVER" in reasons
    kinds = {item["data"]["baseType"] for item in seen.items.items}
    assert kinds == {"RemoteDependencyData", "MessageData", "MetricData"}


async def test_no_secret_comes_out_with_a_bug(seen_of_bugs: Seen) -> None:
    seen = seen_of_bugs
    assert seen.leaks(*MARKS, "NAMEMARK", seen.key, seen.mcp_key) == {}
    assert {"picture.unexpected", "http.failed", "mcp.failed", "function.failed"} <= _events(seen)
    failed = {e["properties"]["function"] for e in seen.items.of("MessageData") if e["message"] == "function.failed"}
    assert set(FAILING) <= failed
