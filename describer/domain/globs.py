"""Globs on blob names, for settings that apply to some pictures."""

import glob
import re
import unicodedata
from collections.abc import Sequence
from functools import cache


def first_match(patterns: Sequence[str], name: str) -> str | None:
    """Return the first pattern that matches a blob's name by the rules of IMAGES_INCLUDE, or None; see `BlobFilter`."""
    plain = _comparable(name)
    return next((pattern for pattern in patterns if _expression(pattern).fullmatch(plain)), None)


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
    """Return the path without empty segments and in composed form (NFC); Apple's file systems decompose letters."""
    return unicodedata.normalize("NFC", re.sub("/+", "/", path).removeprefix("/"))
