"""What a model thinks aloud before it answers, in the signs of the families that do; it is no part of the answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SIGNS: Final = {
    **{f"<{name}>": f"</{name}>" for name in ("think", "thinking", "thought", "reasoning", "seed:think")},
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<unused94>": "<unused95>",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
}
"""How thinking begins and ends. DeepSeek, Qwen, GLM, Gemma and others; Mistral; Kimi; MedGemma; gpt-oss."""
_OPEN: Final = re.compile("|".join(map(re.escape, _SIGNS)), re.IGNORECASE)
_CLOSE: Final = re.compile("|".join(map(re.escape, _SIGNS.values())), re.IGNORECASE)
_ANSWER: Final = re.compile(r"\s*(?:[{\"`]|\[(?!THINK))", re.IGNORECASE)
"""The beginning of an answer in JSON, in which such signs are text of the picture."""
_PARTS: Final = frozenset({"thinking", "reasoning"})


def without(text: str) -> str:
    """Return the text without what was thought before it.

    Templates that open the thinking in the prompt leave its end alone, and a cap of tokens its beginning.
    """
    while not _ANSWER.match(text):
        if closed := _CLOSE.search(text):
            text = text[closed.end() :]
        elif opened := _OPEN.search(text):
            text = text[: opened.start()]
        else:
            break
    return text.lstrip()


def aloud(content: object) -> bool:
    """Whether a message's content has what the model thought in it: in signs, or as parts of their own."""
    if isinstance(content, list):
        return any(isinstance(part, Mapping) and part.get("type") in _PARTS for part in content)
    return isinstance(content, str) and not _ANSWER.match(content) and bool(_OPEN.search(content))


@dataclass(slots=True)
class Filter:
    """Takes what is thought off the beginning of an answer that comes in pieces.

    Args:
        thought: whether there was any.
    """

    thought: bool = False
    _inside: bool = False
    _answers: bool = False
    _held: str = ""

    def feed(self, piece: str) -> str:
        """Take a piece, and give what is answer for certain."""
        if self._answers:
            return piece
        self._held = (self._held + piece).lstrip()
        if not self.thought and (opened := _OPEN.match(self._held)):
            self.thought = self._inside = True
            self._held = self._held[opened.end() :]
        if self._inside and (closed := _CLOSE.search(self._held)):
            self._inside = False
            self._held = self._held[closed.end() :].lstrip()
        return "" if self._inside or self._undecided() else self._begun()

    def end(self) -> str:
        """Give what was held back, where the answer ends so soon that it could still have been a sign."""
        return "" if self._inside else self._begun()

    def _undecided(self) -> bool:
        if not self._held:
            return True
        return not self.thought and any(sign.lower().startswith(self._held.lower()) for sign in _SIGNS)

    def _begun(self) -> str:
        self._answers = True
        begun, self._held = self._held, ""
        return begun
