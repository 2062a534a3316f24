"""Constants that determine the prepared picture; changing one changes the fingerprint of requests."""

from typing import Final

JPEG_QUALITY: Final = 85
SHORT_SIDE: Final = 768
LONG_SIDE: Final = 2048
"""Maximum sides in pixels."""
REVISION: Final = 3
"""Raise this number when a change of decoding, colours or sizing changes the pixels that the model gets."""

NAME: Final = f"jpeg{JPEG_QUALITY}/{SHORT_SIDE}x{LONG_SIDE}/{REVISION}"
