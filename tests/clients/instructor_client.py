"""Instructor: answers in a class, by a tool call and by a strict schema."""

from typing import Any

import instructor
from openai import OpenAI
from openai_checks import ADDRESS, CALLER_KEY, MODEL, QUESTION, tried
from pydantic import BaseModel


class Note(BaseModel):
    """A note."""

    alt_text: str


class Instructor:
    def _answered(self, *pictures: str, mode: Any = instructor.Mode.TOOLS, key: str = CALLER_KEY) -> str:
        client = instructor.from_openai(OpenAI(base_url=ADDRESS, api_key=key, max_retries=0), mode=mode)
        images: list[Any] = [{"type": "image_url", "image_url": {"url": picture}} for picture in pictures]
        messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": QUESTION}, *images]}]
        note = client.chat.completions.create(model=MODEL, response_model=Note, messages=messages, max_retries=1)
        return str(note.alt_text)

    def text(self, _pictures: Any) -> str:
        raise NotImplementedError("its answers are objects")

    def schema(self, picture: str) -> str:
        return self._answered(picture, mode=instructor.Mode.JSON_SCHEMA)

    def tool(self, picture: str) -> str:
        return self._answered(picture)

    def stream(self, _picture: str) -> str:
        raise NotImplementedError("its answers are objects")

    def fails(self, picture: str, key: str) -> Any:
        return self._answered(picture, key=key)


tried("instructor", Instructor())
