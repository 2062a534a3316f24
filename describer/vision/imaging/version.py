"""Which decoders are installed, told without loading them."""

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Final

from describer.vision.preparation import REVISION

_DECODERS: Final = ("pillow", "pillow-heif", "pillow-jxl-plugin", "pyvips-binary")


@cache
def version() -> str:
    """Such as "3/pillow 13.0.0/pillow-heif 1.8.1": changes with our own code and with each decoder's release."""
    return "/".join([str(REVISION), *filter(None, map(_named, _DECODERS))])


def _named(package: str) -> str:
    try:
        return f"{package} {installed(package)}"
    except PackageNotFoundError:  # an installation may leave pillow-heif out
        return ""
