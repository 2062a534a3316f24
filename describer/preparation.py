"""How pictures are prepared: the figures that decide what the model is shown, and their name."""

from typing import Final

JPEG_QUALITY: Final = 85
SHORT_SIDE: Final = 768
LONG_SIDE: Final = 2048
REVISION: Final = 2
"""Raise it whenever the same file would be shown otherwise by a change of ours."""

NAME: Final = f"jpeg{JPEG_QUALITY}/{SHORT_SIDE}x{LONG_SIDE}/{REVISION}"
"""Part of each record's fingerprint: the model is asked again where it changes."""
