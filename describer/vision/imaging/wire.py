"""What goes between the app and a process that prepares pictures: a line of JSON, then bytes.

No pickle: such a process works on files by anybody, and what it answers is only ever data.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from describer.domain import errors
from describer.domain.errors import ImageRejected
from describer.vision.imaging.values import Header, PreparedImage

_REFUSALS: Final = {kind.__name__: kind for kind in (errors.Unsupported, errors.Corrupt, errors.TooLarge)}


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """One picture's preparation.

    Args:
        size: of the file that follows, in bytes.
        family: the model's, by its name in models.toml.
        detail: `low`, `high` or `original`.
        max_tokens: for the picture, or None.
        max_bytes, decode_memory: see `Limits`.
    """

    size: int
    family: str
    detail: str
    max_tokens: int | None
    max_bytes: int
    decode_memory: int

    def line(self) -> bytes:
        """As it is sent."""
        return _line(asdict(self))

    @classmethod
    def read(cls, line: bytes) -> "RequestOptions":
        """As it was sent."""
        return cls(**json.loads(line))


class Bug(Exception):
    """The other process met an error that is no picture's fault; its text is the traceback there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one picture.

    Args:
        facts: the answer's line.
        size: of the JPEG that follows, in bytes.
        resident: the memory that the process holds now, in bytes.
    """

    facts: dict[str, Any]
    size: int
    resident: int

    @classmethod
    def read(cls, line: bytes) -> "Reply":
        """As it was sent."""
        facts = json.loads(line)
        return cls(facts, facts.pop("size"), facts.pop("resident"))

    def opened(self, jpeg: bytes) -> PreparedImage:
        """The prepared picture, with the bytes that followed.

        Raises:
            Unsupported, Corrupt, TooLarge: as they were raised there.
            Bug: anything else was.
        """
        match self.facts:
            case {"refused": kind, "sentence": sentence, "facts": facts}:
                raise _REFUSALS[kind](sentence, facts)
            case {"image": image}:
                header = Header(**image["header"])
                return PreparedImage(jpeg, image["width"], image["height"], tuple(image["notes"]), header)
            case other:
                raise Bug(other.get("bug", other))


def prepared(image: PreparedImage, resident: int) -> bytes:
    """The answer with a picture."""
    facts = asdict(image)
    del facts["jpeg"]
    return _line({"image": facts, "size": len(image.jpeg), "resident": resident}) + image.jpeg


def refused(refusal: ImageRejected, resident: int) -> bytes:
    """The answer without one; with the class of the codec's error, for the log: its words may quote the file."""
    told = {"refused": type(refusal).__name__, "sentence": str(refusal), "facts": refusal.facts}
    return _line(
        told | {"cause": type(refusal.__cause__).__name__ if refusal.__cause__ else "", "size": 0, "resident": resident}
    )


def failed(trace: str, resident: int) -> bytes:
    """The answer where the fault is ours."""
    return _line({"bug": trace, "size": 0, "resident": resident})


def _line(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts).encode() + b"\n"
