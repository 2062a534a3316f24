"""Plays one row on one program."""

import asyncio
import base64
import json
import signal
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobServiceClient

from tests.contracts.extensions import programs
from tests.contracts.extensions.rows import Row
from tests.contracts.extensions.seen import Seen
from tests.contracts.extensions.world import World

WITHIN = 60.0  # seconds until `then` must hold; long, as machines may be busy
LOOK = 0.1  # seconds between two checks
QUIET = 0.4  # seconds for which `then` must stay true
AFTER_END = 3.0  # seconds to observe a program that has ended
IN_IMAGES = "images:"


class CannotGoOn(Exception):
    """An event that a row waits for did not happen; the text has the observations."""


@dataclass(slots=True)
class Scene:
    """One row being played; `number` is its own among those that share a storage."""

    row: Row
    number: int
    program: programs.Program
    world: World
    seen: Seen
    blobs: BlobServiceClient
    http: aiohttp.ClientSession

    @classmethod
    async def play(cls, row: Row, number: int, program: programs.Program, world: World) -> list[str]:
        """Play it, and return the differences from `then`."""
        accounts = {kind: f"{kind}{number}" for kind in ("images", "host")}
        async with AsyncExitStack() as open_:
            storage = world.storage
            blobs = await open_.enter_async_context(storage.blob_service(accounts["images"]))
            queues = {
                kind: await open_.enter_async_context(storage.queue_service(account))
                for kind, account in accounts.items()
            }
            calls = world.worker.calls.setdefault(str(number), [])
            seen = Seen(queues, accounts, lambda: storage.access_log.read_text("utf-8"), calls)
            http = await open_.enter_async_context(aiohttp.ClientSession())
            scene = cls(row, number, program, world, seen, blobs, http)
            try:
                return await scene._play()
            except (CannotGoOn, AzureError, aiohttp.ClientError) as error:
                return [f"{type(error).__name__}: {error}"]
            finally:
                for running in seen.running:
                    await running.end(signal.SIGKILL)

    async def _play(self) -> list[str]:
        given = self.row.given
        self.world.worker.behaviour[str(self.number)] = {
            name: [orders] if isinstance(orders, str) else orders for name, orders in given.get("worker", {}).items()
        }
        self.world.worker.killers[str(self.number)] = lambda: self._kill(None)
        await self.blobs.create_container("images")
        for queue in given.get("queues", []):
            await self._create(queue)
        for name in given.get("blobs", []):
            await self._upload(name)
        self._answer_instead(given.get("storage", []))
        if given.get("running", True):
            await self._start()
        for step in self.row.when:
            word, value = next(iter(step.items()))
            await getattr(self, f"_{word}")(value, **{name: one for name, one in step.items() if name != word})
        return await self._hold(self.row.then)

    async def _start(self, _value: object = None) -> None:
        """Start the program."""
        settings = {
            **self.world.storage.environment,
            **self._connection("IMAGES", "images"),
            **self._connection("AzureWebJobsStorage", "host"),
            "AzureFunctionsWebHost__hostid": "local",
            **self.row.given.get("settings", {}),
        }
        running = await programs.start(
            self.program,
            self.world.folder / f"row-{self.number}",
            functions=[self._function(name, trigger) for name, trigger in self.row.given["functions"].items()],
            host_json=self._host_json(),
            settings=settings,
            worker=f"{self.world.worker.url}/{self.number}",
        )
        self.seen.running.append(running)

    def _connection(self, name: str, kind: str) -> dict[str, str]:
        settings = self.world.storage.connection(name, self.seen.accounts[kind])
        if not self.row.has_faults:
            return settings
        bases = {self.world.storage.base[service]: proxy.url for service, proxy in self.world.proxies.items()}
        for base, instead in bases.items():
            settings = {name: value.replace(base, instead) for name, value in settings.items()}
        return settings

    def _host_json(self) -> dict[str, Any]:
        extensions = self.row.given.get("host_json", {})
        queues = {"maxPollingInterval": "00:00:00.200", **extensions.get("queues", {})}
        return {"extensions": {**extensions, "queues": queues}, "logging": {"logLevel": {"Azure.Core": "Warning"}}}

    @staticmethod
    def _function(name: str, trigger: Mapping[str, Any]) -> dict[str, Any]:
        match trigger:
            case {"queue": queue, **rest}:
                account = "IMAGES" if queue.startswith(IN_IMAGES) else "AzureWebJobsStorage"
                own = {"type": "queueTrigger", "queueName": queue.removeprefix(IN_IMAGES), "connection": account}
            case {"blob": path, **rest}:
                own = {"type": "blobTrigger", "path": path, "source": "EventGrid", "connection": "IMAGES"}
            case {"event_grid": True, **rest}:
                own = {"type": "eventGridTrigger"}
            case _:
                raise ValueError(f"{name}: what is its trigger? {trigger}")
        return {"name": name, **own, **rest}

    async def _send(self, text: str, to: str, repeated: int = 1, **how: Any) -> None:
        """Send a message with a repeated text, in base64."""
        await self._raw(base64.b64encode((text * repeated).encode()).decode(), to, **how)

    async def _hex(self, data: str, to: str) -> None:
        await self._raw(base64.b64encode(bytes.fromhex(data)).decode(), to)

    async def _raw(self, content: str, to: str, times: int = 1, delay: int = 0, lives: int | None = None) -> None:
        client = self._queue(to)
        for _ in range(times):
            await client.send_message(content, visibility_timeout=delay, time_to_live=lives)

    async def _receive(self, queue: str, times: int = 1) -> None:
        """Receive the first message as another reader, and release it at once."""
        client = self._queue(queue)
        for _ in range(times):
            message = await client.receive_message(visibility_timeout=600)
            await client.update_message(message, visibility_timeout=0)

    def _queue(self, name: str) -> Any:
        account = "images" if name.startswith(IN_IMAGES) else "host"
        return self.seen.queues[account].get_queue_client(name.removeprefix(IN_IMAGES))

    async def _create(self, queue: str) -> None:
        await self._queue(queue).create_queue()

    async def _remove(self, queue: str) -> None:
        await self._queue(queue).delete_queue()

    async def _upload(self, name: str, content: str = "x", **options: Any) -> None:
        await self.blobs.get_blob_client("images", name).upload_blob(content.encode(), overwrite=True, **options)

    async def _delete(self, name: str) -> None:
        await self.blobs.get_blob_client("images", name).delete_blob()

    async def _announce(
        self, name: str, function: str = "up", times: int = 1, url: str = "", without: Sequence[str] = (), **data: Any
    ) -> None:
        """Call the webhook as Event Grid does for a blob."""
        event = self._event(name, url, data)
        for absent in without:
            del event["data"][absent]
        await self._post("blobs", f"Host.Functions.{function}", events=[event] * times)

    def _event(self, name: str, url: str, data: Mapping[str, Any]) -> dict[str, Any]:
        account = self.world.storage.url("blob", self.seen.accounts["images"])
        facts = {"url": url or f"{account}/images/{urllib.parse.quote(name)}", "blobType": "BlockBlob", "eTag": "0x1"}
        return {
            "id": "1",
            "topic": "/subscriptions/x",
            "eventType": "Microsoft.Storage.BlobCreated",
            "subject": f"/blobServices/default/containers/images/blobs/{name}",
            "eventTime": "2026-11-28T10:00:00Z",
            "data": {**facts, **{key: self._placed(value) for key, value in data.items()}},
        }

    def _placed(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.replace("$ACCOUNT", self.world.storage.url("blob", self.seen.accounts["images"]))

    async def _post(
        self,
        webhook: str,
        function: str = "",
        *,
        events: Any = None,
        body: str | None = None,
        kind: str = "Notification",
        key: str = programs.KEY,
        method: str = "POST",
        hang_up: float = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Call a webhook."""
        query = urllib.parse.urlencode({"code": key, **({"functionName": function} if function else {})})
        url = f"{self.seen.running[-1].url}/runtime/webhooks/{webhook}?{query}"
        sent = {**({"aeg-event-type": kind} if kind else {}), **(headers or {})}
        data = self._placed(body if body is not None else json.dumps(events)).encode()
        limit = aiohttp.ClientTimeout(total=hang_up or 100)
        try:
            async with self.http.request(method, url, headers=sent, data=data, timeout=limit) as answer:
                self.seen.answers.append((answer.status, await answer.text(), dict(answer.headers)))
        except TimeoutError:
            self.seen.answers.append((0, "", {}))

    async def _clock(self, seconds: float) -> None:
        await self.world.move_clock(seconds)

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _stop(self, _value: object) -> None:
        """Stop the program and wait."""
        await self.seen.running[-1].end(signal.SIGTERM)

    async def _kill(self, _value: object) -> None:
        await self.seen.running[-1].end(signal.SIGKILL)

    async def _storage(self, faults: list[Mapping[str, Any]]) -> None:
        self._answer_instead(faults)

    def _answer_instead(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Add faults, each a request such as `GET host/queue/messages` and its answer."""
        for proxy in self.world.proxies.values():
            for kind, account in self.seen.accounts.items():
                mine = [fault for fault in faults if fault["request"].split(" ")[1].startswith(f"{kind}/")]
                proxy.faults[account] = [
                    {**fault, "request": fault["request"].replace(f" {kind}/", " ", 1)} for fault in mine
                ]

    async def _until(self, then: Mapping[str, Any]) -> None:
        """Wait for these observations."""
        if found := await self._hold({**then, "quiet": 0}):
            raise CannotGoOn(f"before the rest of the row could happen: {'; '.join(found)}")

    async def _hold(self, then: Mapping[str, Any]) -> list[str]:
        """Wait until `then` is true, and check that it stays true."""
        deadline = time.monotonic() + WITHIN
        while found := await self.seen.differences(then):
            if self._has_ended():
                deadline = min(deadline, time.monotonic() + AFTER_END)
            if time.monotonic() > deadline:
                return found + self._last_words()
            await asyncio.sleep(LOOK)
        if quiet := then.get("quiet", QUIET):
            await asyncio.sleep(quiet)
            return [f"{difference}, a while later" for difference in await self.seen.differences(then)]
        return []

    def _last_words(self) -> list[str]:
        """Return the end of the output of a program that has ended."""
        if not self._has_ended():
            return []
        return ["it has ended:", *self.seen.running[-1].output.read_text("utf-8").splitlines()[-12:]]

    def _has_ended(self) -> bool:
        return bool(self.seen.running) and self.seen.running[-1].process.returncode is not None
