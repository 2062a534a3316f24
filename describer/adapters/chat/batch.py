"""Requests by the thousand, at half of the price: the Batch interface that Azure OpenAI and OpenAI have alike.

A file of JSON lines is uploaded, a batch is made of it, and within about a day there is a file of answers.
POST files, POST batches, GET batches/ID, GET files/ID/content:
https://learn.microsoft.com/azure/foundry/reference/rest/batches-create-batch
"""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any, Final

from openai import AsyncOpenAI, NotFoundError
from openai.types import Batch

from describer.adapters.chat import requests, responses
from describer.adapters.chat.client import sdk_errors
from describer.domain.errors import DescriberError, Throttled
from describer.pipeline import call_context
from describer.pipeline.backfill.batches import Batched, Progress
from describer.vision.answer import Answer
from describer.vision.answer_reader import Unreadable
from describer.vision.brief import Brief
from describer.vision.families import Families
from describer.vision.imaging.values import PreparedImage

ENDPOINT: Final = "/v1/chat/completions"
_ENDED: Final = frozenset({"completed", "expired", "cancelled", "failed"})
_OVER_QUOTA: Final = "token_limit_exceeded"
"""The error code if too many tokens wait in batches: others must end first."""
_DAYS: Final = 7 * 86_400
"""Seconds: older batches are not looked at, as their files are gone."""


@dataclass(frozen=True, slots=True)
class ChatBatches:
    """The port `Batches`.

    Args:
        client: see `client.connect`.
        families: which request parameters a model takes.
        deployment: what answers batches, a deployment of its own on Azure; empty: the usual one.
    """

    client: AsyncOpenAI
    families: Families
    deployment: str = ""

    def request(self, brief: Brief, image: PreparedImage) -> Batched:
        """The line of a file that asks about one picture, under the digest of all that is asked."""
        body = requests.description(brief, image, brief.max_completion_tokens, self.families(brief.model))
        body |= body.pop("extra_body", {})
        digest = sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        body["model"] = self.deployment or brief.model
        line = {"custom_id": digest, "method": "POST", "url": ENDPOINT, "body": body}
        return Batched(digest, json.dumps(line).encode() + b"\n")

    async def upload(self, lines: IO[bytes], name: str) -> str:
        """Send one POST with the whole file."""
        with sdk_errors():
            uploaded = await self.client.files.create(file=(name, lines, "application/jsonl"), purpose="batch")
        return uploaded.id

    async def begun(self, file: str) -> str:
        """List the batches, newest first, and begin one with one POST if there is none."""
        with sdk_errors():
            async for batch in self.client.batches.list(limit=100):
                if time.time() - batch.created_at > _DAYS:
                    break
                if batch.input_file_id == file and not _may_try_again(batch):
                    return batch.id
            made = await self.client.batches.create(
                input_file_id=file, endpoint=ENDPOINT, completion_window="24h", metadata={"made_by": "image-describer"}
            )
        return made.id

    async def progress(self, batch: str) -> Progress:
        """Send one GET."""
        with sdk_errors():
            found = await self.client.batches.retrieve(batch)
        if _may_try_again(found):
            raise Throttled("The quota for tokens that wait in batches is used up")
        return Progress(found.status in _ENDED, found.status, found.output_file_id or "")

    async def answers(self, file: str) -> AsyncIterator[tuple[str, str]]:
        """One GET; lines that are no answer are passed over."""
        with sdk_errors():
            content = await self.client.files.content(file)
            text = await content.aread()
        for line in text.splitlines():
            if found := _answer(line):
                yield found

    async def forget(self, *files: str) -> None:
        """One DELETE each; what is gone is gone."""
        for file in files:
            with sdk_errors():
                try:
                    await self.client.files.delete(file)
                except NotFoundError:
                    continue

    def read(self, body: str, brief: Brief) -> Answer:
        """The answer in a line; raises what `responses.read` raises."""
        reply = responses.reply(body.encode(), brief.model)
        used = reply.usage
        half = {"batch_prompt_tokens": used.prompt_tokens, "batch_completion_tokens": used.completion_tokens}
        usage = used.model_copy(update={**half, "cached_tokens": 0, "cache_write_tokens": 0, "calls": 1})
        try:
            return responses.read(reply, brief, usage)
        except (DescriberError, Unreadable):  # it was paid for all the same
            call_context.current().charge(usage)
            raise


def _may_try_again(batch: Batch) -> bool:
    """Whether it failed only because too much waits, so that nothing of it was answered."""
    errors = (batch.errors.data or []) if batch.errors else []
    return batch.status == "failed" and any(error.code == _OVER_QUOTA for error in errors)


def _answer(line: bytes) -> tuple[str, str] | None:
    """A line's `custom_id`, and the completion as JSON; None for one that failed."""
    try:
        read: Any = json.loads(line)
        response = read["response"]
        good = read.get("error") is None and response["status_code"] == 200
        return (str(read["custom_id"]), json.dumps(response["body"])) if good else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
