"""A model takes longer than agents' clients wait: each call is answered before that, and a later one has the answer."""

import asyncio
import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, types
from mcp.client.streamable_http import streamable_http_client

LONGEST = 60  # seconds that the official client for TypeScript waits


async def _patiently(client: Client, tool: str, arguments: dict[str, Any]) -> None:
    for call in range(1, 11):
        began = time.monotonic()
        result = await client.call_tool(tool, arguments)
        took = time.monotonic() - began
        if took >= LONGEST:
            raise SystemExit(f"{tool}: an answer after {took:.1f} s only")
        if not result.is_error:
            print(f"  {tool}: call {call} has the answer after {took:.1f} s")
            return
        (content,) = result.content
        told = json.loads(content.text) if isinstance(content, types.TextContent) else {}
        if told["error"] != "not yet":
            raise SystemExit(f"not so: {told['error']}")
        print(f'  {tool}: call {call} is told "not yet" after {took:.1f} s')
        await asyncio.sleep(told["retry_after_seconds"])
    raise SystemExit(f"{tool} has no answer")


async def _main(url: str) -> None:
    async with (
        httpx2.AsyncClient(headers={"x-functions-key": os.environ["MCP_KEY"]}, timeout=2 * LONGEST) as http,
        Client(streamable_http_client(os.environ["MCP"], http_client=http)) as client,
    ):
        await client.list_tools()
        await asyncio.gather(
            _patiently(client, "describe_image", {"url": url}),
            _patiently(client, "ask_about_images", {"question": "What is it?", "images": [url]}),
        )


if __name__ == "__main__":
    picture = Path(os.environ["SLOW_PICTURE"]).read_bytes()
    asyncio.run(_main(f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"))
