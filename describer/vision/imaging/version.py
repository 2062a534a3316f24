"""The versions of the installed decoders, without loading them."""

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Final

from describer.vision.preparation import REVISION

_DECODERS: Final = ("pillow", "pillow-heif", "pillow-jxl-plugin", "pyvips-binary")


@cache
def version() -> str:
    """Return a string such as "3/pillow 13.0.0/pillow-heif 1.8.1" that changes with our code and each decoder."""
    return "/".join([str(REVISION), *filter(None, map(_named, _DECODERS))])


def _named(package: str) -> str:
    try:
        return f"{package} {installed(package)}"
    except PackageNotFoundError:  # pillow-heif is optional
        return ""
