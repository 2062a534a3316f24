"""What decides how a picture is shown to the model, so that a change of it changes the fingerprint of what is asked."""

from typing import Final

JPEG_QUALITY: Final = 85
SHORT_SIDE: Final = 768
LONG_SIDE: Final = 2048
"""Pixels, at most."""
REVISION: Final = 3
"""Of all else that decides: raise it when decoding, colours or the choice of a size change what the model sees."""

NAME: Final = f"jpeg{JPEG_QUALITY}/{SHORT_SIDE}x{LONG_SIDE}/{REVISION}"
