"""Which XMP file belongs to which picture, by their names: `cat.jpg.xmp`, or `cat.xmp` for every `cat.*`.

darktable and digiKam write the first, Lightroom, Camera Raw and Bridge the second.
"""

from typing import Final

SUFFIX: Final = ".xmp"
_SPELLINGS: Final = (SUFFIX, ".XMP")


def names_for(picture: str) -> tuple[str, ...]:
    """Return how the XMP file of a picture may be called, the one that names it in full first."""
    stem = _stem(picture)
    return tuple(f"{name}{suffix}" for name in ((picture, stem) if stem else (picture,)) for suffix in _SPELLINGS)


def is_of(sidecar: str, picture: str) -> bool:
    """Return whether an XMP file of that name belongs to a picture of this one."""
    if picture.lower().endswith(SUFFIX):
        return False
    return sidecar[: -len(SUFFIX)] in {picture, _stem(picture) or picture}


def names_in_full(sidecar: str, picture: str) -> bool:
    """Return whether the XMP file is called `cat.jpg.xmp`, so that it can be of no other picture."""
    return sidecar[: -len(SUFFIX)] == picture


def extension(picture: str) -> str:
    """Return `jpg` of `folder/cat.jpg`; empty if there is none."""
    return picture[len(stem) + 1 :] if (stem := _stem(picture)) else ""


def _stem(picture: str) -> str:
    """Return the name without its extension; empty if it has none."""
    folder, slash, name = picture.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{folder}{slash}{stem}" if dot and stem else ""
