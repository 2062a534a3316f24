"""Removes the reasoning that models write before their answer, by the markers that each family uses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_MARKERS: Final = {
    **{f"<{name}>": f"</{name}>" for name in ("think", "thinking", "thought", "reasoning", "seed:think")},
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<unused94>": "<unused95>",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
}
"""Start and end markers of reasoning: DeepSeek, Qwen, GLM, Gemma and others; Mistral; Kimi; MedGemma; gpt-oss."""
_OPEN: Final = re.compile("|".join(map(re.escape, _MARKERS)), re.IGNORECASE)
_CLOSE: Final = re.compile("|".join(map(re.escape, _MARKERS.values())), re.IGNORECASE)
_ANSWER: Final = re.compile(r"\s*(?:[{\"`]|\[(?!THINK))", re.IGNORECASE)
"""The start of a JSON answer; markers after it are text of the picture."""
_PARTS: Final = frozenset({"thinking", "reasoning"})


def without(text: str) -> str:
    """Return the text without the reasoning before it.

    Either marker may be missing: some templates open the reasoning in the prompt, and a cap can cut off its end.
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
    """Return whether a message's content includes reasoning, between markers or as parts of that type."""
    if isinstance(content, list):
        return any(isinstance(part, Mapping) and part.get("type") in _PARTS for part in content)
    return isinstance(content, str) and not _ANSWER.match(content) and bool(_OPEN.search(content))


@dataclass(slots=True)
class Filter:
    """Removes the reasoning from the start of a streamed answer. `thought`: whether the stream had reasoning."""

    thought: bool = False
    _inside: bool = False
    _answers: bool = False
    _held: str = ""

    def feed(self, piece: str) -> str:
        """Take a piece and return the text that certainly belongs to the answer."""
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
        """Return the text held back because it could still have become a marker when the stream ended."""
        return "" if self._inside else self._begun()

    def _undecided(self) -> bool:
        if not self._held:
            return True
        return not self.thought and any(marker.lower().startswith(self._held.lower()) for marker in _MARKERS)

    def _begun(self) -> str:
        self._answers = True
        begun, self._held = self._held, ""
        return begun
