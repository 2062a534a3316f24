#!/bin/sh
# azure.functions.AsgiMiddleware fills ASGI's raw_path, the path before it is decoded, with the decoded path. An application
# cannot tell the blob `2024%2Fcat.jpg` from `2024/cat.jpg`, nor `100%25.jpg` from what is no valid path at all.
# azure-functions 1.26.0, and 2.3.0 on Python 3.13; the ASGI specification calls raw_path "unmodified". Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet azure-functions==1.26.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import asyncio

import azure.functions as func

seen = []


async def app(scope, receive, send):
    seen.append((scope["path"], scope["raw_path"]))
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


for path in ("/blobs/2024%2Fcat.jpg", "/blobs/2024/cat.jpg", "/blobs/100%25.jpg"):
    request = func.HttpRequest(method="GET", url=f"https://host{path}", body=b"")
    asyncio.run(func.AsgiMiddleware(app).handle_async(request))
print("path and raw_path:", seen)
assert [raw for _, raw in seen] == [b"/blobs/2024/cat.jpg", b"/blobs/2024/cat.jpg", b"/blobs/100%.jpg"], "this has changed"
PYTHON
