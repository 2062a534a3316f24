"""The command line `llm`: a model with the endpoint's address, as extra-openai-models.yaml has it."""

from typing import Any

import llm
from llm.default_plugins.openai_models import Chat
from openai_checks import ADDRESS, CALLER_KEY, MODEL, QUESTION, SCHEMA, tried


class Llm:
    def _asked(self, *pictures: str, key: str = CALLER_KEY, stream: bool = False, **more: Any) -> Any:
        model = Chat(MODEL, model_name=MODEL, api_base=ADDRESS, vision=True, supports_schema=True, supports_tools=True)
        attachments = [llm.Attachment(url=picture, type="image/jpeg") for picture in pictures]
        return model.prompt(QUESTION, attachments=attachments, key=key, stream=stream, **more)

    def text(self, pictures: Any) -> str:
        return str(self._asked(*pictures).text())

    def schema(self, picture: str) -> str:
        import json

        return str(json.loads(self._asked(picture, schema=SCHEMA).text())["alt_text"])

    def tool(self, picture: str) -> str:
        note = llm.Tool(name="note", description="Note a text.", input_schema=SCHEMA)
        (call,) = self._asked(picture, tools=[note]).tool_calls()
        return str(call.arguments["alt_text"])

    def stream(self, picture: str) -> str:
        return "".join(self._asked(picture, stream=True))

    def fails(self, picture: str, key: str) -> Any:
        return self._asked(picture, key=key).text()


tried("llm", Llm())
