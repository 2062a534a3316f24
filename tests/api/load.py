"""Makes many concurrent calls of the app as the Functions worker does, in a process of its own.

python -m tests.api.load CALLS BYTES    prints statuses, seconds of each call, and the peak of memory in MiB
"""

import asyncio
import json
import resource
import sys
import time
from io import BytesIO

import azure.functions as func
import numpy as np
from PIL import Image

from describer.app import App


def _picture(size: int) -> bytes:
    """A JPEG of at least so many bytes: noise, 12 MP if it is large."""
    side = 4000 if size > 2**20 else 64
    noise = np.random.default_rng(1).integers(0, 255, (side * 3 // 4, side, 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(noise).save(out, "JPEG", quality=97 if size > 2**20 else 70)
    return out.getvalue() + b"\0" * max(0, size - out.tell())


async def _called(app: App, body: bytes) -> tuple[int, float]:
    request = func.HttpRequest(
        method="POST",
        url="https://app/api/describe",
        headers={"content-type": "image/jpeg", "content-length": str(len(body))},
        body=body,
    )
    began = time.perf_counter()
    handler = func.AsgiMiddleware(app.http)  # type: ignore[no-untyped-call]
    response: func.HttpResponse = await handler.handle_async(request, None)
    return response.status_code, time.perf_counter() - began


async def _all(app: App, calls: int, size: int) -> list[tuple[int, float]]:
    picture = _picture(size)
    await _called(app, _picture(0))  # imports at the first call are not measured
    bodies = [picture + bytes([number]) for number in range(calls)]
    return await asyncio.gather(*(_called(app, body) for body in bodies))


def main(calls: int, size: int) -> None:
    """Measure and print."""
    ends = asyncio.run(_all(App.from_environment(), calls, size))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"statuses": [status for status, _ in ends], "seconds": [s for _, s in ends], "peak": peak}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
