"""A free answer as it arrives: server-sent events become pieces of text, and at last the whole answer."""

from dataclasses import dataclass, field
from typing import Final

from openai.types.chat import ChatCompletionChunk

from describer.domain.errors import Transient
from describer.domain.record import Usage
from describer.vision.answer import Ending, FreeAnswer

_ENDINGS: Final = {"stop": Ending.COMPLETE, "length": Ending.CUT_OFF, "content_filter": Ending.FILTERED}


@dataclass(slots=True)
class StreamAccumulator:
    """Gathers the chunks of one answer."""

    text: str = ""
    model: str = ""
    usage: Usage = field(default_factory=lambda: Usage(calls=1))
    finish_reason: str = ""
    refused: bool = False

    def add(self, chunk: ChatCompletionChunk) -> str:
        """Takes one chunk and gives its text. Azure's first chunk has no choice, and the last one only the usage."""
        self.model = chunk.model or self.model
        if chunk.usage:
            prompt, completion = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
            self.usage = Usage(prompt_tokens=prompt, completion_tokens=completion, calls=1)
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.finish_reason = choice.finish_reason or self.finish_reason
        self.refused = self.refused or bool(choice.delta.refusal)
        piece = (choice.delta.content or "") + (choice.delta.refusal or "")
        self.text += piece
        return piece

    def whole(self) -> FreeAnswer:
        """The answer.

        Raises:
            Transient: the server stopped without saying why, or without a word.
        """
        if not self.finish_reason:
            raise Transient("the model's answer broke off")
        ending = Ending.REFUSED if self.refused else _ENDINGS.get(self.finish_reason, Ending.COMPLETE)
        if ending is Ending.COMPLETE and not self.text:
            raise Transient("the model's answer is empty", counts_as_attempt=True)
        return FreeAnswer(self.text, self.model, self.usage, ending)
