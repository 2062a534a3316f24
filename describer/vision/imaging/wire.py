"""What goes between the app and a process that prepares pictures: a line of JSON, then bytes.

No pickle: such a process works on files by anybody, and what it answers is only ever data.
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
    """One picture's preparation.

    Args:
        size: of the file that follows, in bytes.
        family: the model's, by its name in models.toml.
        detail: `low`, `high` or `original`.
        max_tokens: for the picture, or None.
        photo_tokens: for a picture without small text; 0: its sides bound it.
        text_tokens: for a picture with small text; 0: as any other.
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
        """As it is sent."""
        return _line(asdict(self))

    @classmethod
    def read(cls, line: bytes) -> "PreparationRequest":
        """As it was sent."""
        return cls(**json.loads(line))


class Bug(Exception):
    """The other process met an error that is no picture's fault; its text is the traceback there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one picture.

    Args:
        facts: the answer's line.
        sizes: of the JPEGs that follow, in bytes.
        resident: the memory that the process holds now, in bytes.
    """

    facts: dict[str, Any]
    sizes: list[int]
    resident: int

    @classmethod
    def read(cls, line: bytes) -> "Reply":
        """As it was sent."""
        facts = json.loads(line)
        return cls(facts, facts.pop("sizes"), facts.pop("resident"))

    def opened(self, jpegs: list[bytes]) -> PreparedImage:
        """The prepared picture, with the JPEGs that followed.

        Raises:
            Unsupported, Corrupt, TooLarge: as they were raised there.
            Bug: anything else was.
        """
        match self.facts:
            case {"refused": kind, "sentence": sentence, "facts": facts}:
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
    """The answer with a picture."""
    assert image.header is not None  # noqa: S101 - it comes from a file
    facts = {"notes": image.notes, "order": image.order, "blank": image.blank, "header": asdict(image.header)}
    facts["sides"] = [(part.width, part.height) for part in image.parts]
    sizes = [len(part.jpeg) for part in image.parts]
    line = _line({"image": facts, "sizes": sizes, "resident": resident})
    return b"".join([line, *(part.jpeg for part in image.parts)])


def refused(refusal: ImageRejected, resident: int) -> bytes:
    """The answer without one; with the class of the codec's error, for the log: its words may quote the file."""
    reply = {"refused": type(refusal).__name__, "sentence": str(refusal), "facts": refusal.facts}
    cause = type(refusal.__cause__).__name__ if refusal.__cause__ else ""
    return _line(reply | {"cause": cause, "sizes": [], "resident": resident})


def failed(trace: str, resident: int) -> bytes:
    """The answer where the fault is ours."""
    return _line({"bug": trace, "sizes": [], "resident": resident})


def _line(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts).encode() + b"\n"
