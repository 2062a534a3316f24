"""The Batch interface: files of requests, answered line by line, and files of answers.

POST   /openai/v1/files                 multipart: purpose=batch and a file of JSON lines
GET    /openai/v1/files/ID/content
DELETE /openai/v1/files/ID
POST   /openai/v1/batches               of an uploaded file; answered at once, in the background
GET    /openai/v1/batches, /openai/v1/batches/ID
"""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request as Http
from starlette.responses import JSONResponse, Response

MOST_LINES = 50_000
MOST_BYTES = 200_000_000

type Answered = Callable[[bytes], Awaitable[tuple[int, dict[str, Any]]]]
"""Returns status and body of the response to a request's body."""


@dataclass
class BatchStore:
    """The files and batches of a resource.

    Args:
        expire: number of lines of the next batch that are answered before it expires; None: all.
        over_quota: whether the next batch fails because too many tokens are queued.
        files: contents by id.
        batches: as returned to callers, by id.
    """

    expire: int | None = None
    over_quota: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def keep(self, content: bytes) -> str:
        """Store a file and return its id."""
        name = f"file-{next(self._numbers):06}"
        self.files[name] = content
        return name

    def begin(self, file: str, endpoint: str) -> dict[str, Any]:
        """Add a batch, whose lines are answered later."""
        name, now = f"batch_{next(self._numbers):06}", int(time.time())
        batch = {
            "id": name, "object": "batch", "endpoint": endpoint, "input_file_id": file, "completion_window": "24h",
            "status": "in_progress", "created_at": now, "expires_at": now + 86_400, "errors": None,
            "output_file_id": None, "error_file_id": None,
        }  # fmt: skip
        if self.over_quota:
            self.over_quota = False
            said = {"code": "token_limit_exceeded", "message": "Too many tokens wait.", "line": None, "param": None}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [said]}}
        self.batches[name] = batch
        return batch

    async def answer(self, batch: dict[str, Any], answered: Answered) -> None:
        """Answer line by line; lines that fail or expire go into the file of errors."""
        lines, expire = self.files[batch["input_file_id"]].splitlines(), self.expire
        self.expire = None
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for number, line in enumerate(lines):
            asked = json.loads(line)
            result: dict[str, Any] = {"id": f"{batch['id']}-{number}", "custom_id": asked["custom_id"]}
            if expire is not None and number >= expire:
                error = {"code": "batch_expired", "message": "It was not answered in time."}
                bad.append(result | {"response": None, "error": error})
                continue
            status, body = await answered(json.dumps(asked["body"]).encode())
            result |= {"response": {"status_code": status, "request_id": result["id"], "body": body}, "error": None}
            (good if status == 200 else bad).append(result)
        batch |= {
            "status": "completed" if expire is None else "expired",
            "output_file_id": self.keep(_lines(good)) if good else None,
            "error_file_id": self.keep(_lines(bad)) if bad else None,
        }


@dataclass(frozen=True)
class BatchRoutes:
    """The endpoints.

    Args:
        batch_store: the resource's.
        answered: answers one line.
        denied: returns a response for a caller who is not allowed, or None.
    """

    batch_store: BatchStore
    answered: Answered
    denied: Callable[[Http], Response | None]
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def upload(self, http: Http) -> Response:
        """POST files."""
        if denied := self.denied(http):
            return denied
        async with http.form() as form:
            file = form.get("file")
            content = await file.read() if isinstance(file, UploadFile) else b""
        faulty = not content or content.count(b"\n") > MOST_LINES or len(content) > MOST_BYTES
        if form.get("purpose") != "batch" or faulty:
            return _bad("The file must have 1 to 50,000 lines and at most 200 MB, with purpose=batch.")
        name = self.batch_store.keep(content)
        about = {"id": name, "object": "file", "bytes": len(content), "created_at": int(time.time()), "filename": "a"}
        return JSONResponse(about | {"purpose": "batch", "status": "processed"})

    async def content(self, http: Http) -> Response:
        """GET files/ID/content."""
        if denied := self.denied(http):
            return denied
        found = self.batch_store.files.get(http.path_params["name"])
        return _absent() if found is None else Response(found, media_type="application/octet-stream")

    async def delete(self, http: Http) -> Response:
        """DELETE files/ID."""
        if denied := self.denied(http):
            return denied
        name = http.path_params["name"]
        if self.batch_store.files.pop(name, None) is None:
            return _absent()
        return JSONResponse({"id": name, "object": "file", "deleted": True})

    async def begin(self, http: Http) -> Response:
        """POST batches."""
        if denied := self.denied(http):
            return denied
        asked = await http.json()
        if asked.get("input_file_id") not in self.batch_store.files or asked.get("completion_window") != "24h":
            return _bad("input_file_id must be an uploaded file, and completion_window 24h.")
        batch = self.batch_store.begin(asked["input_file_id"], asked["endpoint"])
        if batch["status"] == "in_progress":
            task = asyncio.create_task(self.batch_store.answer(batch, self.answered))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return JSONResponse(batch)

    async def batch(self, http: Http) -> Response:
        """GET batches/ID."""
        if denied := self.denied(http):
            return denied
        found = self.batch_store.batches.get(http.path_params["name"])
        return JSONResponse(found) if found else _absent()

    async def batches(self, http: Http) -> Response:
        """GET batches, the newest first."""
        if denied := self.denied(http):
            return denied
        return JSONResponse({"object": "list", "data": [*self.batch_store.batches.values()][::-1], "has_more": False})


def _lines(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


def _bad(message: str) -> Response:
    return JSONResponse({"error": {"code": "BadRequest", "message": message}}, 400)


def _absent() -> Response:
    return JSONResponse({"error": {"code": "NotFound", "message": "There is no such thing."}}, 404)
