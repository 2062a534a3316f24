"""The demo's stand-in for a vision model: an object detector, a classifier and an OCR.

Its name in records is `local-stand-in`. It ignores prompts and writes English only. It shows the whole app at work
without a subscription; any OpenAI-compatible server describes better, and is one setting away.
"""

import json

import numpy as np

from local.azure_openai import faults
from local.azure_openai.answers import Answer, Fault, Request
from local.azure_openai.filling import Path, fill, language_at
from local.azure_openai.sight import wording
from local.azure_openai.sight.objects import Objects
from local.azure_openai.sight.picture import decode
from local.azure_openai.sight.surface import measure
from local.azure_openai.sight.text import Reader
from local.azure_openai.sight.wording import Seen

_WRITTEN = frozenset({"alt_text", "description", "extended_description"})


class Vision:
    """An answerer that examines the picture.

    One request at a time: its models use both cores of a small machine, and OpenCV's are not thread-safe.
    """

    model = "local-stand-in"
    workers = 1

    def __init__(self) -> None:
        self._objects: Objects | None = None
        self._reader: Reader | None = None

    def load(self) -> None:
        """Load the three models and run each once, so that the first picture is no slower than the next."""
        self._objects, self._reader = Objects(), Reader()
        blank = np.full((320, 320, 3), 255, dtype=np.uint8)
        self._objects.find(blank)
        self._reader.read(blank)

    def answer(self, request: Request) -> Answer | Fault:
        """Describe the picture of a request in the caller's schema, or its pictures in plain text."""
        if not request.images or (request.schema and len(request.images) > 1):
            message = "The local stand-in takes one picture a request, and several only for plain text."
            return faults.error(400, message, "invalid_value", "messages")
        try:
            seen = [_texts(self.see(image.data)) for image in request.images]
        except faults.Rejected as rejected:
            return rejected.fault
        if request.schema is None:
            return Answer("\n\n".join(str(texts["description"]) for texts in seen))
        texts = seen[0]
        return Answer(json.dumps(fill(request.schema, lambda path: _pick(texts, path)), ensure_ascii=False))

    def see(self, data: bytes) -> Seen:
        """Measure one picture.

        Raises:
            faults.Rejected: it cannot be decoded.
        """
        if self._objects is None or self._reader is None:
            raise RuntimeError("load() comes first")
        pixels = decode(data)
        surface = measure(pixels)
        found = () if surface.noise else tuple(self._objects.find(pixels))
        lines = tuple(self._reader.read(pixels))
        height, width = pixels.shape[:2]
        share = sum(line.area for line in lines) / (height * width)
        return Seen(width, height, surface, found, lines, share)


def _texts(seen: Seen) -> dict[str, object]:
    """Return the values by their IPTC names, which callers' schemas use."""
    return {
        "image_kind": seen.kind,
        "alt_text": wording.alt_text(seen),
        "description": wording.description(seen),
        "extended_description": wording.extended_description(seen),
        "visible_text": "\n".join(line.text for line in seen.lines),
        "tags": wording.tags(seen),
        "is_decorative": False,
        "language": "en",
    }


def _pick(texts: dict[str, object], path: Path) -> object:
    """Return one property; in other languages the text says that it is English."""
    value = texts.get(path[-1]) if path else None
    language = language_at(path)
    if not value or path[-1] not in _WRITTEN or language is None or language.split("-")[0] == "en":
        return value
    return f"(In English, for the stand-in knows no '{language}'.) {value}"
