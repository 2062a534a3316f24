"""Which request parameters a model's server supports, learned from its errors once per model and process.

OpenAI added parameters over time, and other servers support only some of them. If a 400 or 422 names a parameter of the
request, the request is repeated without it.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from openai import APIStatusError

ADAPTED: Final = "model.adapted"
_REFUSES: Final = frozenset({400, 422})
_CAPS: Final = ("max_completion_tokens", "max_tokens")
_STRICT, _JSON, _WORDS = "json_schema", "json_object", "in words"
_FORMS: Final = (_STRICT, _JSON, _WORDS)
_BOTH: Final = "json_schema and in words"
"""For servers that accept the strict form without enforcing it, so that the model does not know the form."""
_OF_FORM: Final = ("response_format", "json_schema", "json_object", "grammar", "structured output", "guided")
"""Terms by which servers refer to the required form of the answer in their error messages."""
_FORM_IN_WORDS: Final = "Answer with one JSON object in this JSON schema, and nothing else:"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences between the requests for a model and its family's usual requests.

    Args:
        without: names of parameters to leave out.
        cap: name of the parameter for the answer's cap; empty: the usual one.
        form: how to require the answer's form: a strict schema, also in words, any JSON object, or words in the prompt.
    """

    without: frozenset[str] = frozenset()
    cap: str = ""
    form: str = _STRICT

    def adapted(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the request with the differences applied."""
        sent = {name: value for name, value in request.items() if name not in self.without}
        if extra := sent.pop("extra_body", None):
            kept = {name: value for name, value in extra.items() if name not in self.without}
            sent |= {"extra_body": kept} if kept else {}
        for usual in _CAPS:
            if self.cap and usual in sent:
                sent[self.cap] = sent.pop(usual)
        if self.form != _STRICT and "response_format" in sent:
            form = sent.pop("response_format")
            sent["messages"] = _in_words(sent["messages"], form["json_schema"]["schema"])
            if self.form == _JSON:
                sent["response_format"] = {"type": _JSON}
            elif self.form == _BOTH:
                sent["response_format"] = form
        return sent

    def simpler(self, request: dict[str, Any], error: APIStatusError) -> "Dialect | None":
        """Return the dialect without the parameter that the error names, or None if it names none."""
        if error.status_code not in _REFUSES:
            return None
        said = json.dumps([error.message, error.body], ensure_ascii=False, default=str).lower()
        return next(self._simpler(request, said), None)

    def differences(self) -> Iterator[str]:
        """Yield each difference in terms of the protocol."""
        yield from (f"without {name}" for name in sorted(self.without))
        if self.cap:
            yield self.cap
        if self.form != _STRICT:
            yield f"form {self.form}"

    def _simpler(self, request: dict[str, Any], said: str) -> Iterator["Dialect"]:
        sent = request.keys()
        for usual, other in (_CAPS, _CAPS[::-1]):
            if usual in sent and usual in said and not self.cap:
                yield replace(self, cap=other)
        if "response_format" in sent and any(word in said for word in _OF_FORM):
            yield replace(self, form=_FORMS[_FORMS.index(_STRICT if self.form == _BOTH else self.form) + 1])
        for name in sorted(sent - {"model", "messages", "stream", "response_format", *_CAPS, "extra_body"}):
            if name in said:
                yield replace(self, without=self.without | {name})
        for name in sorted(request.get("extra_body", ())):
            if name in said:
                yield replace(self, without=self.without | {name})


def _in_words(messages: list[dict[str, Any]], schema: dict[str, Any]) -> list[dict[str, Any]]:
    first, *others = messages
    content = f"{first['content']}\n\n{_FORM_IN_WORDS}\n{json.dumps(schema)}"
    return [{**first, "content": content}, *others]


@dataclass(frozen=True, slots=True)
class Dialects:
    """The dialect of each model, kept for the life of the process."""

    _known: dict[str, Dialect] = field(default_factory=dict)

    def of(self, model: str) -> Dialect:
        return self._known.get(model, Dialect())

    def add_words(self, model: str) -> None:
        """State the form in words too from now on: the server accepted the strict form but did not enforce it."""
        known = self.of(model)
        if known.form == _STRICT:
            self._learn(model, replace(known, form=_BOTH))

    def _learn(self, model: str, dialect: Dialect) -> None:
        self._known[model] = dialect
        _log.warning(ADAPTED, extra={"differences": ", ".join(dialect.differences())})

    async def ask[T](self, request: dict[str, Any], send: Callable[[dict[str, Any]], Awaitable[T]]) -> T:
        """Send a request, and repeat it without each parameter that the server rejects by name.

        The dialect is remembered once the server has answered.

        Raises:
            openai.APIError: the first of several errors, because it concerns the request as the family defines it.
        """
        model: str = request["model"]
        dialect = known = self.of(model)
        first: APIStatusError | None = None
        while True:
            adapted = dialect.adapted(request)
            try:
                answer = await send(adapted)
            except APIStatusError as error:
                first = first or error
                simpler = dialect.simpler(adapted, error)
                if simpler is None:
                    raise first from error
                dialect = simpler
            else:
                if dialect != known:
                    self._learn(model, dialect)
                return answer
