"""The stand-in model in a process of its own: `python -m benchmarks.peers.model --port N [--thinks SECONDS] …`.

It is `local.azure_openai` with an answer after so many seconds, a quota, or an outage. It also answers at the older
address with the deployment in its path, and GET /seen tells what it was asked.
"""

import argparse
import threading
import time
from dataclasses import asdict, dataclass, field

import uvicorn
from starlette.responses import JSONResponse

from local.azure_openai import faults
from local.azure_openai.access import Access
from local.azure_openai.answers import Answer, Request
from local.azure_openai.completions import prompt_tokens
from local.azure_openai.quota import Quota
from local.azure_openai.resource import Deployment, Resource
from local.azure_openai.script import Reply, describe
from local.azure_openai.server import application
from local.azure_openai.tokens import image_tokens
from local.serving import Application, Receive, Scope, Send

DEPLOYMENT = "gpt-5.6-luna"
KEY = "a key of this benchmark"
SENTENCE = "A bay with small boats below a row of white houses, seen from a hill on a clear morning in early summer."


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model was asked, and what became of it.

    Args:
        calls: all of them, also those that the quota rejected.
        throttled: answered 429.
        failed: answered 503.
        image_tokens: of the pictures of answered calls, by GPT-5.6's rule.
        prompt_tokens: of their whole prompts, pictures among them.
        image_bytes: of their pictures.
        at_once: the most calls at a time.
        first, last: when a call came, in seconds since the epoch; 0 without any.
        down_until: when the outage ended, likewise.
    """

    calls: int = 0
    throttled: int = 0
    failed: int = 0
    image_tokens: int = 0
    prompt_tokens: int = 0
    image_bytes: int = 0
    at_once: int = 0
    first: float = 0.0
    last: float = 0.0
    down_until: float = 0.0

    @property
    def answered(self) -> int:
        """Calls that were answered 200."""
        return self.calls - self.throttled - self.failed


@dataclass
class Model:
    """Answers after a while; what is asked before `fails` seconds are over since the first call is answered 503."""

    thinks: float
    fails: float
    quota: Quota | None
    model = None
    workers = 64
    asked: list[float] = field(default_factory=list)
    failed: int = 0
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("image_tokens", "prompt_tokens", "bytes"), 0))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> None:
        """Be ready at once."""

    def answer(self, request: Request) -> Reply:
        """Note the request, and answer it."""
        now = time.time()
        with self.lock:
            self.asked.append(now)
            if now < self.asked[0] + self.fails:
                self.failed += 1
                return faults.server_error(503)
            self.totals["image_tokens"] += sum(image_tokens(i.width, i.height, i.detail) for i in request.images)
            self.totals["prompt_tokens"] += prompt_tokens(request)
            self.totals["bytes"] += sum(len(image.data) for image in request.images)
        reply = describe(request) if request.schema else Answer(SENTENCE)
        return Answer(reply.content, delay=self.thinks) if isinstance(reply, Answer) else reply

    def seen(self) -> Seen:
        """What was asked so far."""
        with self.lock:
            asked, totals = list(self.asked), dict(self.totals)
        throttled = self.quota.throttled if self.quota else 0
        first, last = (asked[0], asked[-1]) if asked else (0.0, 0.0)
        return Seen(
            calls=len(asked) + throttled,
            throttled=throttled,
            failed=self.failed,
            image_tokens=totals["image_tokens"],
            prompt_tokens=totals["prompt_tokens"],
            image_bytes=totals["bytes"],
            at_once=max((sum(begun - self.thinks < one <= begun for one in asked) for begun in asked), default=0),
            first=first,
            last=last,
            down_until=first + self.fails,
        )


def served(inner: Application, model: Model) -> Application:
    """The application with the older address, and with what was seen."""
    old = f"/openai/deployments/{DEPLOYMENT}/"

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/seen":
            await JSONResponse(asdict(model.seen()))(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"].startswith(old):
            scope = {**scope, "path": scope["path"].replace(old, "/openai/v1/")}
        await inner(scope, receive, send)

    return outer


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.model")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--thinks", type=float, default=1.0, help="seconds for each answer")
    parser.add_argument("--per-minute", type=int, help="requests of the quota")
    parser.add_argument("--rejected-count", action="store_true", help="rejected calls count against the quota")
    parser.add_argument("--fails", type=float, default=0.0, help="seconds of 503 from the first call")
    given = parser.parse_args()
    quota = Quota(10**9, given.per_minute, counts_throttled=given.rejected_count) if given.per_minute else None
    # Not `reasoning`, which refuses the parameters that LlamaIndex sends.
    resource = Resource((Deployment(DEPLOYMENT, DEPLOYMENT, reasoning=False, quota=quota),), access=Access(KEY))
    model = Model(given.thinks, given.fails, quota)
    config = uvicorn.Config(
        served(application(resource, model), model), host="127.0.0.1", port=given.port, log_config=None
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
