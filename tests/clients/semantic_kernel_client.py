"""Semantic Kernel: OpenAIChatCompletion with a client of the openai package, and AzureChatCompletion."""

import asyncio
import os
from typing import Annotated, Any

from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai_checks import ADDRESS, API_VERSION, AZURE_ADDRESS, CALLER_KEY, MODEL, QUESTION, tried
from pydantic import BaseModel
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import (
    AzureChatCompletion,
    OpenAIChatCompletion,
    OpenAIChatPromptExecutionSettings,
)
from semantic_kernel.contents import ChatHistory, ChatMessageContent, ImageContent, TextContent
from semantic_kernel.functions import kernel_function


class Note(BaseModel):
    """A note."""

    alt_text: str


class Notes:
    def __init__(self) -> None:
        self.noted = ""

    @kernel_function(description="Note a text.")
    def note(self, alt_text: Annotated[str, "the text"]) -> str:
        self.noted = alt_text
        return "noted"


class SemanticKernel:
    def __init__(self, make: Any) -> None:
        self.make = make

    @staticmethod
    def asked(*pictures: str) -> ChatHistory:
        items = [TextContent(text=QUESTION)]
        items += [ImageContent(data_uri=one) if one.startswith("data:") else ImageContent(uri=one) for one in pictures]
        return ChatHistory(messages=[ChatMessageContent(role="user", items=items)])  # type: ignore[arg-type]

    def _answered(self, pictures: Any, key: str = CALLER_KEY, kernel: Kernel | None = None, **more: Any) -> str:
        settings = OpenAIChatPromptExecutionSettings(**more)
        asking = self.make(key).get_chat_message_content(self.asked(*pictures), settings, kernel=kernel)
        return str(asyncio.run(asking))

    def text(self, pictures: Any) -> str:
        return self._answered(pictures)

    def schema(self, picture: str) -> str:
        return Note.model_validate_json(self._answered([picture], response_format=Note)).alt_text

    def tool(self, picture: str) -> str:
        kernel, notes = Kernel(), Notes()
        kernel.add_plugin(notes, "notes")
        said = self._answered([picture], kernel=kernel, function_choice_behavior=FunctionChoiceBehavior.Auto())
        assert "pixels" in said, said
        return notes.noted

    def stream(self, picture: str) -> str:
        async def pieces() -> str:
            settings = OpenAIChatPromptExecutionSettings()
            stream = self.make(CALLER_KEY).get_streaming_chat_message_content(self.asked(picture), settings)
            return "".join([str(piece) async for piece in stream])

        return asyncio.run(pieces())

    def fails(self, picture: str, key: str) -> Any:
        return self._answered([picture], key)


os.environ.pop("AZURE_OPENAI_ENDPOINT", None)  # of the app; Semantic Kernel would read it, and ask for https


def openai(key: str) -> Any:
    client = AsyncOpenAI(base_url=ADDRESS, api_key=key, max_retries=0)
    return OpenAIChatCompletion(ai_model_id=MODEL, async_client=client)


def azure(key: str) -> Any:
    client = AsyncAzureOpenAI(azure_endpoint=AZURE_ADDRESS, api_key=key, api_version=API_VERSION, max_retries=0)
    # Its argument `endpoint` has to be https too, which the app on this machine is not.
    return AzureChatCompletion(deployment_name=MODEL, async_client=client)


tried("OpenAIChatCompletion", SemanticKernel(openai))
tried("AzureChatCompletion", SemanticKernel(azure))
