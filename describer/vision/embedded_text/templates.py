"""Recognizes texts that cameras and programs insert by themselves, listed in `camera_templates.toml`."""

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files


def is_template(text: str) -> bool:
    """Return whether a camera or program, not a person, wrote this text."""
    plain = " ".join(text.split()).casefold()
    return any(fnmatchcase(plain, pattern) for pattern in _patterns())


@cache
def _patterns() -> tuple[str, ...]:
    listed = tomllib.loads(files("describer.vision").joinpath("camera_templates.toml").read_text(encoding="utf-8"))
    return tuple(pattern.casefold() for maker in listed.values() for pattern in maker)
