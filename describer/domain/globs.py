"""Globs on blob names: the patterns of settings that speak of some pictures only."""

import glob
import re
import unicodedata
from collections.abc import Sequence
from functools import cache


def first_match(patterns: Sequence[str], name: str) -> str | None:
    """The first of the patterns that matches a blob's name, by the rules of IMAGES_INCLUDE; see `BlobFilter`."""
    return next((each for each in patterns if _matches(each, name) or _matches(each.casefold(), name.casefold())), None)


def _matches(pattern: str, name: str) -> bool:
    expression, plain = _expression(pattern), _comparable(name)
    return bool(expression.fullmatch(plain) or expression.fullmatch(plain.removesuffix("/")))


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    pattern = pattern.replace("\\", "/")
    anchored = "/" in pattern
    pattern = _comparable(pattern)
    if anchored and (not pattern or pattern.endswith("/")):
        pattern += "**"
    if not anchored:
        pattern = f"**/{pattern}"
    return re.compile(glob.translate(pattern, recursive=True, include_hidden=True, seps="/"), re.IGNORECASE)


def _comparable(path: str) -> str:
    """Without empty segments, and with composed letters: Apple's file systems take them apart."""
    return unicodedata.normalize("NFC", re.sub("/+", "/", path).removeprefix("/"))
