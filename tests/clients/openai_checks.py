"""What each client for Python does with the OpenAI-compatible endpoint; openai_checks.ts is the same for JavaScript."""

import base64
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

ADDRESS, AZURE_ADDRESS = os.environ["ADDRESS"], os.environ["AZURE_ADDRESS"]
CALLER_KEY, MODEL = os.environ["CALLER_KEY"], os.environ["MODEL"]
API_VERSION = "2025-04-01-preview"
QUESTION = "What is in the picture?"
SCHEMA = {
    "type": "object",
    "properties": {"alt_text": {"type": "string"}},
    "required": ["alt_text"],
    "additionalProperties": False,
}
NO_PICTURE = "data:image/png;base64,eHl6"
PRIVATE = "https://127.0.0.1/a.jpg"
_SENTENCE = re.compile(r"\d+ by \d+ pixels.*\.$", re.DOTALL)


class Ways(Protocol):
    """A client's ways to ask. What a client does not offer raises NotImplementedError, whose text says so."""

    def text(self, pictures: Sequence[str]) -> str:
        """Ask about pictures."""

    def schema(self, picture: str) -> str:
        """Ask for an object in SCHEMA, and return its `alt_text`."""

    def tool(self, picture: str) -> str:
        """Offer a tool with an argument `alt_text`, and return the argument of the model's call."""

    def stream(self, picture: str) -> str:
        """Ask for a stream, and return its pieces together."""

    def fails(self, picture: str, key: str) -> Any:
        """Ask with this key and without retries."""


def address(name: str) -> str:
    """Return a picture as a data: address."""
    return f"data:image/{'heic' if name == 'HEIC' else 'jpeg'};base64,{base64.b64encode(data(name)).decode()}"


def data(name: str) -> bytes:
    """Return a picture's bytes."""
    return Path(os.environ[name]).read_bytes()


def tried(name: str, ways: Ways) -> None:
    """Ask in each way and print what worked. Raises AssertionError with what did not."""
    photo, small = address("PHOTO"), address("SMALL")
    _checked(name, "text", lambda: _SENTENCE.search(ways.text([photo])))
    _checked(name, "pictures", lambda: ways.text([photo, address("HEIC"), small]).count("A test picture") == 3)
    _checked(name, "schema", lambda: "pixels" in ways.schema(photo))
    _checked(name, "tools", lambda: "pixels" in ways.tool(photo))
    _checked(name, "stream", lambda: _SENTENCE.search(ways.stream(photo)))
    for what, picture, key, status, words in (
        ("401", small, "wrong", 401, "key is missing or wrong"),
        ("429", address("BUSY"), CALLER_KEY, 429, ""),
        ("400", NO_PICTURE, CALLER_KEY, 400, "not in a supported picture format"),
        ("refused address", PRIVATE, CALLER_KEY, 400, ""),
    ):
        _checked(name, what, partial(_fails, partial(ways.fails, picture, key), status, words))


def _checked(name: str, what: str, holds: Callable[[], object]) -> None:
    try:
        found = holds()
    except NotImplementedError as why:
        print(f"  {what}: not offered by {name}: {why}")
        return
    if not found:
        raise AssertionError(f"not so: {what}: {name}")
    print(f"  {what}: {name}")


def _fails(call: Callable[[], object], status: int, words: str) -> bool:
    try:
        call()
    except NotImplementedError:
        raise
    except Exception as error:
        said = " ".join(_chain(error))
        if f"{status}" in said and words in said:
            return True
        raise AssertionError(f"{status} expected: {said}") from error
    return False


def _chain(error: BaseException | None) -> list[str]:
    found: list[str] = []
    while error:
        found.append(f"{error} {getattr(error, 'status_code', '')}")
        error = error.__cause__ or error.__context__
    return found
