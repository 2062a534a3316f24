"""Which blobs are ours, by name."""

import pytest

from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.domain.status import SkipReason
from describer.pipeline.blob_filter import BlobFilter


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*.tmp", "a.tmp", True),
        ("*.tmp", "deep/down/a.TMP", True),
        ("*.tmp", "a.tmp.jpg", False),
        ("private/", "private/a/b.jpg", True),
        ("private/", "not-private/a.jpg", False),
        ("people/*.jpg", "people/a.jpg", True),
        ("people/*.jpg", "people/2026/a.jpg", False),
        ("people/**/*.jpg", "people/2026/11/a.jpg", True),
        ("**/raw/*", "shop/raw/.a", True),
        ("IMG_????.jpg", "IMG_0042.jpg", True),
        ("[ab].jpg", "b.jpg", True),
        (".*", "deep/.hidden", True),
        ("*.jpg", "/a.jpg", True),
        ("private/", "/private/a.jpg", True),
        ("/private/", "private/a.jpg", True),
        ("**/private/**", "/private/a.jpg", True),
        ("/*.jpg", "a.jpg", True),
        ("/*.jpg", "a/b.jpg", False),
        ("/", "a/b.jpg", True),
        ("people\\*.jpg", "people/a.jpg", True),
        ("assets/*.jpg", "assets//a.jpg", True),
        ("assets//*.jpg", "assets/a.jpg", True),
        ("priv\u00e9/", "prive\u0301/a.jpg", True),
    ],
)
def test_globs(pattern: str, name: str, matches: bool) -> None:
    skip = BlobFilter(("images",), exclude=(pattern,)).skips_name(ImageRef("images", name))
    assert (skip is not None) is matches
    kept = BlobFilter(("images",), include=(pattern,)).skips_name(ImageRef("images", name))
    assert (kept is None) is matches


def test_what_is_not_of_the_container_is_not_ours() -> None:
    skip = BlobFilter(("images",)).skips_name(ImageRef("images-old", "a.jpg"))
    assert skip is not None
    assert skip.reason is SkipReason.NOT_OURS


@pytest.mark.parametrize(
    ("name", "size", "metadata", "folder"),
    [
        ("folder/", 0, {}, True),
        ("folder", 0, {"hdi_isfolder": "true"}, True),
        ("folder/", 900, {}, False),
        ("a.jpg", 0, {}, False),
    ],
)
def test_a_folder_is_empty_or_marked_as_one_and_a_name_alone_makes_none(
    name: str, size: int, metadata: dict[str, str], folder: bool
) -> None:
    """A picture's name may end in a slash; the blob itself decides."""
    blob_filter, ref = BlobFilter(("images",)), ImageRef("images", name)
    assert blob_filter.skips_name(ref) is None
    skip = blob_filter.skips_picture(ImageBlob(ref, '"0x1"', size, metadata))
    assert (skip is not None and skip.reason is SkipReason.NOT_OURS) is folder


def test_exclusion_wins_over_inclusion() -> None:
    blob_filter = BlobFilter(("images",), include=("*.jpg",), exclude=("private/",))
    skip = blob_filter.skips_name(ImageRef("images", "private/a.jpg"))
    assert skip is not None
    assert skip.detail == "matches 'private/' of IMAGES_EXCLUDE"
