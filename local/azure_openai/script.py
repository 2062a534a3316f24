"""A model over HTTP whose answers a test scripts.

with serve(Script(faults.rate_limited(1))) as model:
    ...                                  # the first call is throttled, the next ones get the default answer
    model.script.then(faults.refused())  # and the next one is refused
    assert len(model.requests) == 2
"""

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.azure_openai.answers import Answer, Fault, Image, Request
from local.azure_openai.batches import BatchStore
from local.azure_openai.filling import Path, fill, language_at
from local.azure_openai.resource import Resource
from local.azure_openai.serving import Running

type Reply = Answer | Fault
type Rule = Callable[[Request], Reply]

_SENTENCES = {
    "en": "A test picture of {width} by {height} pixels with the checksum {sha}.",
    "de": "Ein Testbild von {width} mal {height} Pixeln mit der Prüfsumme {sha}.",
    "fr": "Une image de test de {width} sur {height} pixels avec la somme de contrôle {sha}.",
    "es": "Una imagen de prueba de {width} por {height} píxeles con la suma de control {sha}.",
}


def describe(request: Request) -> Reply:
    """Return a valid answer in the caller's schema, which differs from picture to picture."""
    if not request.images:
        blank = fill(request.schema, lambda _path: None) if request.schema else None
        return Answer("This request holds no picture." if blank is None else json.dumps(blank))
    if request.schema is None:
        return Answer(" ".join(_SENTENCES["en"].format_map(_facts(image)) for image in request.images))
    image, facts = request.images[0], _facts(request.images[0])

    def alt_text(language: str) -> str:
        return _SENTENCES.get(language, _SENTENCES["en"]).format_map(facts)

    def pick(path: Path) -> object:
        language = language_at(path) or "en"
        values = {
            "image_kind": "photo",
            "alt_text": alt_text(language),
            "description": f"{alt_text(language)} ({image.media_type})",
            "tags": ["test", str(facts["sha"])],
            "is_decorative": False,
            "language": language,
        }
        return values.get(path[-1]) if path else None

    return Answer(json.dumps(fill(request.schema, pick), ensure_ascii=False))


def _facts(image: Image) -> dict[str, object]:
    return {"sha": hashlib.sha256(image.data).hexdigest()[:8], "width": image.width, "height": image.height}


class Script:
    """An answerer that returns its replies in order, and then follows its rule. Thread-safe.

    Args:
        *replies: answers and faults for the first requests, or rules that make one from the request.
        default: the rule for all later ones.
    """

    model = None
    workers = 16

    def __init__(self, *replies: Reply | Rule, default: Rule = describe) -> None:
        self._lock = threading.Lock()
        self._replies: deque[Reply | Rule] = deque(replies)
        self._default = default
        self._requests: list[Request] = []

    @property
    def requests(self) -> list[Request]:
        """The requests that reached the model, without those that the server rejected (401, 404, 413, 429 by quota)."""
        with self._lock:
            return list(self._requests)

    def then(self, *replies: Reply | Rule) -> None:
        """Append replies to the queue."""
        with self._lock:
            self._replies.extend(replies)

    def always(self, rule: Rule) -> None:
        """Drop the queued replies and follow this rule from now on."""
        with self._lock:
            self._replies.clear()
            self._default = rule

    def load(self) -> None:
        """Be ready at once."""

    def answer(self, request: Request) -> Reply:
        """Record the request and return the next reply."""
        with self._lock:
            self._requests.append(request)
            reply = self._replies.popleft() if self._replies else self._default
        return reply if isinstance(reply, (Answer, Fault)) else reply(request)


class Model(Running):
    """The served script: `url`, `requests`, `down()`, `up()`."""

    def __init__(self, script: Script, resource: Resource) -> None:
        super().__init__(resource, script)
        self.script = script
        self._batch_store = resource.batch_store

    @property
    def requests(self) -> list[Request]:
        """The requests that reached the model."""
        return self.script.requests

    @property
    def batch_store(self) -> BatchStore:
        """The files and batches of the resource."""
        return self._batch_store

    @property
    def base_url(self) -> str:
        """The base URL for the openai client: Azure's v1 route."""
        return f"{self.url}/openai/v1/"


@contextmanager
def serve(script: Script | None = None, resource: Resource | None = None) -> Iterator[Model]:
    """Serve a script on a free port of 127.0.0.1 until the block ends."""
    model = Model(script or Script(), resource or Resource())
    model.up()
    try:
        yield model
    finally:
        model.close()
