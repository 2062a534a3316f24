"""LlamaIndex: its package for Azure OpenAI, with the model's name and temperature as they were before."""

from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.program.function_program import FunctionTool
from llama_index.llms.azure_openai import AzureOpenAI
from openai_checks import API_VERSION, AZURE_ADDRESS, CALLER_KEY, QUESTION, tried
from pydantic import BaseModel


class Note(BaseModel):
    """A note."""

    alt_text: str


def note(alt_text: str) -> str:
    """Note a text."""
    return alt_text


class LlamaIndex:
    def __init__(self) -> None:
        self.model = self.made(CALLER_KEY)

    @staticmethod
    def made(key: str) -> Any:
        return AzureOpenAI(
            model="gpt-4o", engine="gpt-4o", azure_endpoint=AZURE_ADDRESS, api_key=key, api_version=API_VERSION,
            max_retries=0,
        )  # fmt: skip

    @staticmethod
    def asked(*pictures: str) -> list[ChatMessage]:
        blocks = [TextBlock(text=QUESTION), *(ImageBlock(url=picture) for picture in pictures)]
        return [ChatMessage(role="user", blocks=blocks)]

    def text(self, pictures: Any) -> str:
        return str(self.model.chat(self.asked(*pictures)).message.content)

    def schema(self, picture: str) -> str:
        return str(self.model.as_structured_llm(Note).chat(self.asked(picture)).raw.alt_text)

    def tool(self, picture: str) -> str:
        (message,) = self.asked(picture)
        answer = self.model.chat_with_tools([FunctionTool.from_defaults(note)], user_msg=message)
        (call,) = self.model.get_tool_calls_from_response(answer)
        return str(call.tool_kwargs["alt_text"])

    def stream(self, picture: str) -> str:
        return "".join(str(piece.delta) for piece in self.model.stream_chat(self.asked(picture)))

    def fails(self, picture: str, key: str) -> Any:
        return self.made(key).chat(self.asked(picture))


tried("LlamaIndex AzureOpenAI", LlamaIndex())
