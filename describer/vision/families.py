"""The model families of `models.toml`: prices, image rules, request parameters."""

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
    """The parameters of a family's Chat Completions requests.

    Args:
        cap: name of the parameter that caps the answer in tokens.
        effort: value of `reasoning_effort`; None: the parameter must not be sent.
        temperature: whether `temperature` may be sent.
        extra: additional members of the body; servers of open models take the switch for reasoning there.
    """

    cap: str
    temperature: bool
    effort: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, standard tier.

    Args:
        input: input tokens that are not read from the cache.
        output: tokens of the answer, reasoning included.
        cached: input tokens read from the server's cache; None if the price is unknown: `input` is then an upper bound.
        cache_write: read and added to the cache; None if adding costs nothing extra.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sizing:
    """How a detail level shrinks a picture: the longest side in pixels and the maximum number of charged patches."""

    side: int
    patches: int


@dataclass(frozen=True, slots=True)
class Patches:
    """Charged by patches of 32x32 pixels; `details` has a row for each supported detail level."""

    details: Mapping[str, Sizing]
    multiplier: Decimal


@dataclass(frozen=True, slots=True)
class Tiles:
    """Charged a base plus a price for each tile of 512x512 pixels; at detail `low` only the base."""

    base: int
    tile: int


@dataclass(frozen=True, slots=True)
class Family:
    """Models with the same requests, sizes and prices.

    Args:
        price: None if it is unknown or does not exist.
        image: None if the rule for image tokens is unknown.
        least_side: minimum side of a picture in pixels; the servers reject smaller ones.
        assumed: the facts here that are assumed and not published; empty if all are published.
    """

    name: str
    request: Request
    price: Price | None = None
    image: Patches | Tiles | None = None
    least_side: int = 1
    assumed: str = ""


type Families = Callable[[str], Family]
"""Maps a model's name on its server to its family."""


def family(name: str) -> Family | None:
    """Return the family of a model's or deployment's name, or None if it is unknown.

    The longest known prefix wins. It must end at a hyphen or at the name's end: `gpt-5.3` is not `gpt-5`. Only the last
    part of a path (`Qwen/Qwen3-VL-8B-Thinking`) counts, and a colon (`qwen3-vl:8b`) counts as a hyphen.
    """
    wanted = f"{name.lower().rpartition('/')[2].replace(':', '-')}-"
    known = [prefix for prefix in _families() if wanted.startswith(f"{prefix}-")]
    return _families()[max(known, key=len)] if known else None


def generic() -> Family:
    """Return the family for unknown models on servers with OpenAI's protocol: oldest parameters, no price, no rule."""
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
