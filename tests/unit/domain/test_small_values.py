"""References, ETags and texts' keys are formatted and parsed by one function each."""

import pytest

from describer.domain.errors import InvalidName
from describer.domain.etag import quoted, unquoted
from describer.domain.image_ref import ImageRef
from describer.domain.naming import is_whole, picture_of, sidecar_name
from describer.domain.texts import is_text, key_of, split_key


@pytest.mark.parametrize("path", ["images/cat.jpg", "images/pets/a b/cat.jpg", "$web//cat.jpg", "images/ü/%41.jpg"])
def test_a_path_is_parsed_as_it_was_formatted(path: str) -> None:
    ref = ImageRef.parse(path)
    assert (ref.path, ref.container) == (path, path.partition("/")[0])
    assert picture_of(sidecar_name(ref)) == ref
    assert is_whole(sidecar_name(ref), ref)


@pytest.mark.parametrize("path", ["", "images", "images/", "/cat.jpg", "images/../cat.jpg"])
def test_what_names_no_blob_is_an_error(path: str) -> None:
    with pytest.raises(InvalidName):
        ImageRef.parse(path)


def test_logs_get_an_alias() -> None:
    assert "Tom" not in str(ImageRef("images", "Tom.jpg"))


def test_a_cut_sidecar_name_is_not_whole() -> None:
    ref = ImageRef("images", "x" * 1024)
    assert not is_whole(sidecar_name(ref), ref)


@pytest.mark.parametrize("etag", ['"0x8D"', "0x8D"])
def test_an_etag_is_quoted_once(etag: str) -> None:
    assert (quoted(etag), unquoted(etag)) == ('"0x8D"', "0x8D")


@pytest.mark.parametrize(
    ("key", "parts", "text"),
    [
        ("alt_text", (None, "alt_text"), True),
        ("de/description", ("de", "description"), True),
        ("tags", (None, "tags"), False),
        ("/alt_text", ("", "alt_text"), True),
    ],
)
def test_a_key_is_split_into_language_and_name(key: str, parts: tuple[str | None, str], text: bool) -> None:
    assert split_key(key) == parts
    assert is_text(key) == text


def test_a_key_in_the_default_language_is_the_name() -> None:
    assert [key_of("alt_text", tag, "en") for tag in ("en", "de")] == ["alt_text", "de/alt_text"]
    assert key_of("alt_text", "en") == "en/alt_text"
