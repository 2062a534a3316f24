"""LiteLLM: as `openai/…` and as `azure/…`."""

import json
from typing import Any

import litellm
from openai_checks import ADDRESS, API_VERSION, AZURE_ADDRESS, CALLER_KEY, MODEL, QUESTION, SCHEMA, tried


class LiteLlm:
    def __init__(self, **where: str) -> None:
        self.where = where

    def _answered(self, *pictures: str, key: str = CALLER_KEY, **more: Any) -> Any:
        parts = [{"type": "image_url", "image_url": {"url": picture}} for picture in pictures]
        messages = [{"role": "user", "content": [{"type": "text", "text": QUESTION}, *parts]}]
        return litellm.completion(messages=messages, api_key=key, num_retries=0, max_retries=0, **self.where, **more)

    def text(self, pictures: Any) -> str:
        return str(self._answered(*pictures).choices[0].message.content)

    def schema(self, picture: str) -> str:
        form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
        answer = self._answered(picture, response_format=form).choices[0].message.content
        return str(json.loads(answer)["alt_text"])

    def tool(self, picture: str) -> str:
        tools = [{"type": "function", "function": {"name": "note", "parameters": SCHEMA}}]
        (call,) = self._answered(picture, tools=tools).choices[0].message.tool_calls
        return str(json.loads(call.function.arguments)["alt_text"])

    def stream(self, picture: str) -> str:
        return "".join(chunk.choices[0].delta.content or "" for chunk in self._answered(picture, stream=True))

    def fails(self, picture: str, key: str) -> Any:
        return self._answered(picture, key=key)


tried("litellm, openai/", LiteLlm(model=f"openai/{MODEL}", api_base=ADDRESS))
tried("litellm, azure/", LiteLlm(model=f"azure/{MODEL}", api_base=AZURE_ADDRESS, api_version=API_VERSION))
