"""The protocol between the app and a worker process: a line of JSON, then bytes.

Pickle is not used: a worker handles untrusted files, so its answers are treated as data only.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from describer.domain import errors
from describer.domain.errors import ImageRejected
from describer.vision.imaging.values import Header, Part, PreparedImage

_REFUSALS: Final = {kind.__name__: kind for kind in (errors.Unsupported, errors.Corrupt, errors.TooLarge)}


@dataclass(frozen=True, slots=True)
class PreparationRequest:
    """A request to prepare one picture.

    Args:
        size: bytes of the file that follows.
        family: name of the model family in models.toml.
        detail, max_tokens, photo_tokens, text_tokens: see `Sizes`.
        max_bytes, decode_memory: see `Limits`.
    """

    size: int
    family: str
    detail: str
    max_tokens: int | None
    photo_tokens: int
    text_tokens: int
    max_bytes: int
    decode_memory: int

    def line(self) -> bytes:
        return _line(asdict(self))

    @classmethod
    def read(cls, line: bytes) -> "PreparationRequest":
        return cls(**json.loads(line))


class Bug(Exception):
    """An error in the worker process that is not the picture's fault; the text is its traceback."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome for one picture.

    Args:
        facts: the content of the answer's line.
        sizes: bytes of each JPEG that follows.
        resident: bytes of memory that the process holds now.
    """

    facts: dict[str, Any]
    sizes: list[int]
    resident: int

    @classmethod
    def read(cls, line: bytes) -> "Reply":
        facts = json.loads(line)
        return cls(facts, facts.pop("sizes"), facts.pop("resident"))

    def opened(self, jpegs: list[bytes]) -> PreparedImage:
        """Return the prepared picture with the JPEGs that followed.

        Raises:
            Unsupported, Corrupt, TooLarge: the worker raised the same.
            Bug: the worker raised anything else.
        """
        match self.facts:
            case {"rejected": kind, "sentence": sentence, "facts": facts}:
                raise _REFUSALS[kind](sentence, facts)
            case {"image": image}:
                sides = zip(jpegs, image.pop("sides"), strict=True)
                first, *further = (Part(jpeg, width, height) for jpeg, (width, height) in sides)
                image["header"] = Header(**image["header"])
                image["notes"] = tuple(image["notes"])
                return PreparedImage(first.jpeg, first.width, first.height, further=tuple(further), **image)
            case other:
                raise Bug(other.get("bug", other))


def prepared(image: PreparedImage, resident: int) -> bytes:
    """Return the answer with a picture."""
    assert image.header is not None  # noqa: S101 - it comes from a file
    facts = {"notes": image.notes, "order": image.order, "blank": image.blank, "header": asdict(image.header)}
    facts["sides"] = [(part.width, part.height) for part in image.parts]
    sizes = [len(part.jpeg) for part in image.parts]
    line = _line({"image": facts, "sizes": sizes, "resident": resident})
    return b"".join([line, *(part.jpeg for part in image.parts)])


def rejected(refusal: ImageRejected, resident: int) -> bytes:
    """Return a rejection as answer, with only the class of the codec's error, since its text may quote the file."""
    reply = {"rejected": type(refusal).__name__, "sentence": str(refusal), "facts": refusal.facts}
    cause = type(refusal.__cause__).__name__ if refusal.__cause__ else ""
    return _line(reply | {"cause": cause, "sizes": [], "resident": resident})


def failed(trace: str, resident: int) -> bytes:
    """Return the answer with an error of our code."""
    return _line({"bug": trace, "sizes": [], "resident": resident})


def _line(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts).encode() + b"\n"
