"""Makes many concurrent MCP calls, each with a picture in a `data:` URL, in a process of its own.

python -m tests.api.mcp_load CALLS BYTES    prints each answer, the bytes of the whole process at the peak without the
                                            calls' texts, which the platform passes on, the seconds of the event loop's
                                            longest stall, and those that the machine takes to parse the JSON of one
                                            call
"""

import asyncio
import json
import resource
import sys
import time
from base64 import b64encode

from pydantic_core import from_json

from describer.app import App
from local.children import ROOT

PICTURE = ROOT / "describer/adapters/chat/probe.jpg"
"""Not made here: Pillow, which the app loads in its worker processes only, would count as memory of the app."""
_BEAT = 0.005


def _contexts(calls: int, size: int) -> list[str]:
    """The calls' JSON, each with another picture; made without copies that would count as memory of the app."""
    file = PICTURE.read_bytes()
    picture = b64encode(file.ljust((len(file) + 2) // 3 * 3, b"\0")).decode()
    junk = "A" * ((size * 4 // 3 - len(picture)) // 4 * 4)
    begin, end = '{"arguments": {"url": "data:image/jpeg;base64,', '"}}'
    return ["".join((begin, picture, f"{number:04}", junk, end)) for number in range(calls)]


async def _longest_stall(stopped: asyncio.Event) -> float:
    """Seconds by which the event loop was late at most while this process computed: other processes take cores too."""
    longest = 0.0
    while not stopped.is_set():
        began, computed = time.perf_counter(), time.process_time()
        await asyncio.sleep(_BEAT)
        longest = max(longest, min(time.perf_counter() - began - _BEAT, time.process_time() - computed))
    return longest


def _parsing(context: str) -> float:
    """Seconds of computing for the one step that the app cannot divide."""
    began = time.process_time()
    from_json(context)
    return time.process_time() - began


async def _called(app: App, context: str) -> str:
    result = json.loads(json.loads(await app.tools.call("describe_image", context))["content"])
    answer = json.loads(result["content"][0]["text"])
    if "retry_after_seconds" in answer:
        return "again"
    return str(answer.get("status") or answer["error"])


async def main(calls: int, size: int) -> None:
    """Measure and print."""
    app = App.from_environment()
    await _called(app, _contexts(1, 0)[0])  # imports at the first call are not measured
    contexts = _contexts(calls, size)
    parsing = _parsing(contexts[0])
    stopped = asyncio.Event()
    stalls = asyncio.create_task(_longest_stall(stopped))
    answers = await asyncio.gather(*(_called(app, context) for context in contexts))
    stopped.set()
    measured = {
        "answers": answers,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - sum(map(len, contexts)),
        "stall": await stalls,
        "parsing": parsing,
    }
    await app.close()
    print(json.dumps(measured))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
