"""A streamed free answer: turns server-sent events into pieces of text and, at the end, the whole answer."""

from dataclasses import dataclass, field
from typing import Final

from describer.adapters.chat import json_values, responses, usage
from describer.domain.errors import NoUsableAnswer, Transient
from describer.domain.record import Usage
from describer.vision.answer import Ending, FreeAnswer
from describer.vision.thinking import Filter

_ENDINGS: Final = {"stop": Ending.COMPLETE, "length": Ending.CUT_OFF, "content_filter": Ending.FILTERED}


@dataclass(slots=True)
class StreamAccumulator:
    """Collects the chunks of one answer."""

    text: str = ""
    model: str = ""
    usage: Usage = field(default_factory=lambda: Usage(calls=1))
    finish_reason: str = ""
    refused: bool = False
    reasoning: bool = False
    thinking: Filter = field(default_factory=Filter)

    def add(self, chunk: object) -> str:
        """Add a chunk and return its text.

        Azure's first chunk has no choice, and the last one has only the usage. The SDK does not validate chunks: a
        field of the wrong type counts as absent.
        """
        self.model = json_values.text(json_values.member(chunk, "model")) or self.model
        if counted := json_values.member(chunk, "usage"):
            self.usage = usage.read(counted)
        choices = json_values.member(chunk, "choices")
        if not isinstance(choices, list) or not choices:
            return ""
        self.finish_reason = json_values.text(json_values.member(choices[0], "finish_reason")) or self.finish_reason
        delta = json_values.member(choices[0], "delta")
        refusal = json_values.text(json_values.member(delta, "refusal"))
        said = self.thinking.feed(json_values.text(json_values.member(delta, "content")))
        thought = self.thinking.thought or any(json_values.member(delta, name) for name in responses.THOUGHTS)
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
        """Return the whole answer.

        Raises:
            Transient: the stream ended without a finish reason or without text.
            NoUsableAnswer: reasoning used up all tokens.
        """
        if not self.finish_reason:
            raise Transient("The model's answer broke off")
        if self.reasoning and not self.text.strip():
            raise NoUsableAnswer(responses.THOUGHT)
        ending = Ending.REFUSED if self.refused else _ENDINGS.get(self.finish_reason, Ending.COMPLETE)
        if ending is Ending.COMPLETE and not self.text:
            raise Transient("The model's answer is empty", counts_as_attempt=True)
        return FreeAnswer(self.text, self.model, self.usage, ending)
