"""A free answer as it arrives: server-sent events become pieces of text, and at last the whole answer."""

from dataclasses import dataclass, field
from typing import Final

from describer.adapters.chat import responses, usage
from describer.adapters.chat.usage import member
from describer.domain.errors import NoUsableAnswer, Transient
from describer.domain.record import Usage
from describer.vision.answer import Ending, FreeAnswer
from describer.vision.thinking import Filter

_ENDINGS: Final = {"stop": Ending.COMPLETE, "length": Ending.CUT_OFF, "content_filter": Ending.FILTERED}


@dataclass(slots=True)
class StreamAccumulator:
    """Gathers the chunks of one answer."""

    text: str = ""
    model: str = ""
    usage: Usage = field(default_factory=lambda: Usage(calls=1))
    finish_reason: str = ""
    refused: bool = False
    reasoning: bool = False
    thinking: Filter = field(default_factory=Filter)

    def add(self, chunk: object) -> str:
        """Takes one chunk and gives its text. Azure's first chunk has no choice, and the last one only the usage.

        The SDK hands on what a server sends, in whatever shape: what is no text or no number counts as absent.
        """
        self.model = _text(member(chunk, "model")) or self.model
        if counted := member(chunk, "usage"):
            self.usage = usage.read(counted)
        choices = member(chunk, "choices")
        if not isinstance(choices, list) or not choices:
            return ""
        self.finish_reason = _text(member(choices[0], "finish_reason")) or self.finish_reason
        delta = member(choices[0], "delta")
        refusal = _text(member(delta, "refusal"))
        said = self.thinking.feed(_text(member(delta, "content")))
        thought = self.thinking.thought or any(member(delta, name) for name in responses.THOUGHTS)
        self.reasoning = self.reasoning or thought
        self.refused = self.refused or bool(refusal)
        self.text += said + refusal
        return said + refusal

    def rest(self) -> str:
        """The last piece, where the answer is so short that it was held back."""
        held = self.thinking.end()
        self.text += held
        return held

    def whole(self) -> FreeAnswer:
        """The answer.

        Raises:
            Transient: the server stopped without saying why, or without a word.
            NoUsableAnswer: thinking took all the tokens of the answer.
        """
        if not self.finish_reason:
            raise Transient("the model's answer broke off")
        if self.reasoning and not self.text.strip():
            raise NoUsableAnswer(responses.THOUGHT)
        ending = Ending.REFUSED if self.refused else _ENDINGS.get(self.finish_reason, Ending.COMPLETE)
        if ending is Ending.COMPLETE and not self.text:
            raise Transient("the model's answer is empty", counts_as_attempt=True)
        return FreeAnswer(self.text, self.model, self.usage, ending)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
