"""What is known of each model family, read from `models.toml`: prices, image rules, request parameters."""

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """Which parameters a Chat Completions request may carry.

    Args:
        cap: the name of the parameter that caps the answer in tokens.
        effort: the value for `reasoning_effort`, or None if the parameter must not be sent.
        temperature: whether `temperature` may be sent.
        extra: further members of the body, by which servers of open models are told not to let them think.
    """

    cap: str
    temperature: bool
    effort: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, standard tier.

    Args:
        input: read anew.
        output: of the answer, what the model thinks included.
        cached: read from the server's cache; None if no price is known: then as `input`, which is an upper bound.
        cache_write: read anew and kept in the cache; None if keeping it costs nothing.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sizing:
    """How one detail level shrinks a picture: the longest side in pixels, and the patches charged at most."""

    side: int
    patches: int


@dataclass(frozen=True, slots=True)
class Patches:
    """Charged by patches of 32x32 pixels; `details` has a row for each detail level that the family takes."""

    details: Mapping[str, Sizing]
    multiplier: Decimal


@dataclass(frozen=True, slots=True)
class Tiles:
    """Charged a base and so much for each tile of 512x512 pixels; at detail `low` the base alone."""

    base: int
    tile: int


@dataclass(frozen=True, slots=True)
class Family:
    """Models that are asked, sized and priced alike.

    Args:
        price: None if it is unknown or there is none.
        image: None if it is unknown how a picture becomes tokens.
        least_side: pixels below which its servers refuse a picture.
        assumed: what of this is not published but assumed; empty if all of it is published.
    """

    name: str
    request: Request
    price: Price | None = None
    image: Patches | Tiles | None = None
    least_side: int = 1
    assumed: str = ""


type Families = Callable[[str], Family]
"""From a model's name, as its server knows it, to its family."""


def family(name: str) -> Family | None:
    """Return the family of a model's or deployment's name, or None for an unknown one.

    The longest known prefix wins, and it must end at a hyphen or with the name: `gpt-5.3` is not `gpt-5`. Of a path
    (`Qwen/Qwen3-VL-8B-Thinking`) the last part counts, and a colon (`qwen3-vl:8b`) is a hyphen.
    """
    wanted = f"{name.lower().rpartition('/')[2].replace(':', '-')}-"
    known = [prefix for prefix in _families() if wanted.startswith(f"{prefix}-")]
    return _families()[max(known, key=len)] if known else None


def generic() -> Family:
    """For servers that speak OpenAI's protocol but whose model is unknown: the oldest parameters, no price, no rule."""
    return _families()["generic"]


def checked() -> dt.date:
    """Return the day on which prices and rules were last compared with their sources."""
    day: dt.date = _table()["checked"]
    return day


@cache
def _table() -> dict[str, Any]:
    text = resources.files("describer.vision").joinpath("models.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


@cache
def _families() -> dict[str, Family]:
    return {name: _family(name, row) for name, row in _table()["families"].items()}


def _family(name: str, row: dict[str, Any]) -> Family:
    return Family(
        name=name,
        request=Request(**_table()["requests"][row["request"]]),
        price=Price(**row["price"]) if "price" in row else None,
        image=_image(row["image"]) if "image" in row else None,
        least_side=row.get("least_side", 1),
        assumed=row.get("assumed", ""),
    )


def _image(row: dict[str, Any]) -> Patches | Tiles:
    if "tile" in row:
        return Tiles(**row)
    details = _table()["sizing"][row["sizing"]]
    most = _table()["most_patches"]
    return Patches({name: Sizing(**{"patches": most, **rule}) for name, rule in details.items()}, row["multiplier"])
