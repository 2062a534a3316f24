"""Matches XMP files to pictures by name: `cat.jpg.xmp` to `cat.jpg`, `cat.xmp` to every `cat.*`.

darktable and digiKam write the first form; Lightroom, Camera Raw and Bridge the second.
"""

from typing import Final

SUFFIX: Final = ".xmp"
_SPELLINGS: Final = (SUFFIX, ".XMP")


def names_for(picture: str) -> tuple[str, ...]:
    """Return the possible names of a picture's XMP file, `cat.jpg.xmp` before `cat.xmp`."""
    stem = _stem(picture)
    return tuple(f"{name}{suffix}" for name in ((picture, stem) if stem else (picture,)) for suffix in _SPELLINGS)


def is_of(sidecar: str, picture: str) -> bool:
    """Return whether the XMP file's name matches the picture's."""
    if picture.lower().endswith(SUFFIX):
        return False
    return sidecar[: -len(SUFFIX)] in {picture, _stem(picture) or picture}


def names_in_full(sidecar: str, picture: str) -> bool:
    """Return whether the XMP file is named `cat.jpg.xmp`, so that it matches no other picture."""
    return sidecar[: -len(SUFFIX)] == picture


def extension(picture: str) -> str:
    """Return the extension (`jpg` of `folder/cat.jpg`); empty if there is none."""
    return picture[len(stem) + 1 :] if (stem := _stem(picture)) else ""


def _stem(picture: str) -> str:
    """Return the name without its extension; empty if it has none."""
    folder, slash, name = picture.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{folder}{slash}{stem}" if dot and stem else ""
