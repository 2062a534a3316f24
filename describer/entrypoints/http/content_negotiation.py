"""Chooses the form of an answer by the header Accept (RFC 9110, 12.5.1), and recognizes pictures as bodies."""

from collections.abc import Mapping
from enum import StrEnum

from describer.entrypoints.http.problems import Problem


class Form(StrEnum):
    """The forms of an answer, the default first."""

    JSON = "application/json"
    TEXT = "text/plain"
    """Only the alt text or the answer."""


class ListForm(StrEnum):
    """The forms of a listing, the default first."""

    JSON = "application/json"
    CSV = "text/csv"
    JSONL = "application/jsonl"


def best_of[F: StrEnum](forms: type[F], accept: str) -> F:
    """Return the form that the caller prefers, without a header the default. Raises Problem: none is accepted."""
    liked = dict(_preferences(accept.strip() or "*/*"))
    qualities = {form: _quality(form, liked) for form in forms}
    best = max(forms, key=lambda form: qualities[form])
    if not qualities[best]:
        raise Problem("not-acceptable", f"The answer is available as one of {', '.join(forms)}.")
    return best


def _quality(form: str, liked: Mapping[str, float]) -> float:
    ranges = (form, f"{form.partition('/')[0]}/*", "*/*")
    return next((liked[name] for name in ranges if name in liked), 0.0)


def _preferences(accept: str) -> list[tuple[str, float]]:
    pairs = []
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            pairs.append((name, min(max(0.0, float(quality)), 1.0)))
        except ValueError:
            pairs.append((name, 0.0))
    return pairs


def is_picture(media_type: str) -> bool:
    """Return whether a body of this type is a picture; its bytes show the format."""
    return media_type.startswith("image/") or media_type == "application/octet-stream"
