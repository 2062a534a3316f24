#!/bin/sh
# The asynchronous clients of the Azure SDKs end each request with a ValueError as soon as ~/.netrc (or the file that NETRC names)
# has an entry that fits the host, such as a `default` one: azure-core opens aiohttp's session with trust_env, aiohttp adds the
# entry's name and password to a request that the SDK has signed itself, and refuses the two together. The error is none of
# azure-core's, so that code which catches AzureError does not see it. Without such an entry aiohttp still opens the file, in a
# thread, before each request. azure-core 1.41.0, aiohttp 3.14.5, azure-storage-blob 12.31.1. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet azure-core==1.41.0 aiohttp==3.14.5 azure-storage-blob==12.31.1
cd "$folder"
printf 'default login reader password of-another-service\n' > netrc
venv/bin/python - <<'PYTHON'
import asyncio
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from azure.storage.blob.aio import BlobServiceClient


class Storage(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(200)
        for name, value in (("ETag", '"1"'), ("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"), ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Storage)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/images"
key = {"account_name": "images", "account_key": "QUJD"}


async def asked_async():
    async with BlobServiceClient(address, credential=key, retry_total=0) as service:
        try:
            return (await service.get_blob_client("images", "cat.jpg").get_blob_properties()).etag
        except Exception as error:
            return f"{type(error).__name__}: {error}"


seen = {"asynchronous, no netrc": asyncio.run(asked_async())}
os.environ["NETRC"] = os.path.abspath("netrc")
seen |= {"asynchronous, netrc": asyncio.run(asked_async())}
for case, found in seen.items():
    print(f"{case}: {found}")
assert list(seen.values()) == [
    '"1"',
    "ValueError: Cannot combine AUTHORIZATION header with AUTH argument or credentials encoded in URL",
], "this has changed"
PYTHON
