"""Pydantic AI: OpenAIChatModel and OpenAIResponsesModel."""

from typing import Any

from openai import AsyncOpenAI
from openai_checks import ADDRESS, CALLER_KEY, MODEL, QUESTION, tried
from pydantic import BaseModel
from pydantic_ai import Agent, ImageUrl, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider


class Note(BaseModel):
    """A note."""

    alt_text: str


class PydanticAi:
    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def _agent(self, key: str = CALLER_KEY, **more: Any) -> Any:
        client = AsyncOpenAI(base_url=ADDRESS, api_key=key, max_retries=0)
        return Agent(self.kind(MODEL, provider=OpenAIProvider(openai_client=client)), **more)

    @staticmethod
    def asked(*pictures: str) -> list[Any]:
        return [QUESTION, *(ImageUrl(picture, media_type="image/jpeg") for picture in pictures)]

    def text(self, pictures: Any) -> str:
        return str(self._agent().run_sync(self.asked(*pictures)).output)

    def schema(self, picture: str) -> str:
        return str(self._agent(output_type=NativeOutput(Note)).run_sync(self.asked(picture)).output.alt_text)

    def tool(self, picture: str) -> str:
        noted: list[str] = []

        def note(alt_text: str) -> str:
            noted.append(alt_text)
            return "noted"

        assert "pixels" in self._agent(tools=[note]).run_sync(self.asked(picture)).output
        return noted[0]

    def stream(self, picture: str) -> str:
        return "".join(self._agent().run_stream_sync(self.asked(picture)).stream_text(delta=True))

    def fails(self, picture: str, key: str) -> Any:
        return self._agent(key).run_sync(self.asked(picture))


tried("OpenAIChatModel", PydanticAi(OpenAIChatModel))
tried("OpenAIResponsesModel", PydanticAi(OpenAIResponsesModel))
