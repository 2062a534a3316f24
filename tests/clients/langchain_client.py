"""LangChain: ChatOpenAI with Chat Completions and with Responses, and AzureChatOpenAI."""

from typing import Any

from langchain_core.messages import HumanMessage
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from openai_checks import ADDRESS, API_VERSION, AZURE_ADDRESS, CALLER_KEY, MODEL, QUESTION, SCHEMA, tried


class LangChain:
    def __init__(self, make: Any) -> None:
        self.make = make
        self.model = make(CALLER_KEY)

    def _asked(self, *pictures: str) -> list[HumanMessage]:
        parts = [{"type": "image_url", "image_url": {"url": picture}} for picture in pictures]
        return [HumanMessage([{"type": "text", "text": QUESTION}, *parts])]

    def text(self, pictures: Any) -> str:
        return str(self.model.invoke(self._asked(*pictures)).text)

    def schema(self, picture: str) -> str:
        form = {"title": "answer", "description": "an answer", **SCHEMA}
        asking = self.model.with_structured_output(form, method="json_schema", strict=True)
        return str(asking.invoke(self._asked(picture))["alt_text"])

    def tool(self, picture: str) -> str:
        tool = {"type": "function", "function": {"name": "note", "description": "note", "parameters": SCHEMA}}
        (call,) = self.model.bind_tools([tool]).invoke(self._asked(picture)).tool_calls
        return str(call["args"]["alt_text"])

    def stream(self, picture: str) -> str:
        return "".join(str(chunk.text) for chunk in self.model.stream(self._asked(picture)))

    def fails(self, picture: str, key: str) -> Any:
        return self.make(key).invoke(self._asked(picture))


def openai(key: str, **more: Any) -> Any:
    return ChatOpenAI(model=MODEL, base_url=ADDRESS, api_key=key, max_retries=0, **more)  # type: ignore[arg-type]


def azure(key: str) -> Any:
    return AzureChatOpenAI(
        azure_deployment=MODEL, azure_endpoint=AZURE_ADDRESS, api_key=key, api_version=API_VERSION, max_retries=0
    )  # type: ignore[call-arg]


tried("ChatOpenAI", LangChain(openai))
tried("ChatOpenAI, Responses", LangChain(lambda key: openai(key, use_responses_api=True)))
tried("AzureChatOpenAI", LangChain(azure))
