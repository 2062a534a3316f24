"""Route templates match as they do on the Functions host."""

import pytest
from hypothesis import given, strategies

from local.host.templates import BadTemplate, decode_path, encode_path, parse


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("health", "/api/health", {}),
        ("health", "/API/Health/", {}),
        ("health", "/api/healthy", None),
        ("health", "/health", None),
        ("d/{container}/{*name}", "/api/d/images/a b/c.jpg", {"container": "images", "name": "a b/c.jpg"}),
        ("d/{container}/{*name}", "/api/d/images", {"container": "images"}),
        ("d/{container}/{**name}", "/api/d/images/", {"container": "images"}),
        ("d/{container}/x", "/api/d/a/b/x", None),
        ("p/{number:int?}", "/api/p", {}),
        ("p/{number:int?}", "/api/p/-12", {"number": "-12"}),
        ("p/{number:int?}", "/api/p/x", None),
        ("p/{number:min(3)}", "/api/p/2", None),
        ("p/{number:range(3,5)}", "/api/p/5", {"number": "5"}),
        ("p/{number:max(3)}", "/api/p/x", None),
        ("p/{flag:bool}", "/api/p/True", {"flag": "True"}),
        ("p/{word:alpha:maxlength(3)}", "/api/p/abcd", None),
        ("p/{word:alpha:minlength(3)}", "/api/p/abcd", {"word": "abcd"}),
        ("p/{word:length(4)}", "/api/p/ab-d", {"word": "ab-d"}),
        ("p/{word:length(1,3)}", "/api/p/abcd", None),
        ("p/{id:guid}", "/api/p/6fbb6f53-6b8e-4a34-a4c5-e0bdb15b7e11", {"id": "6fbb6f53-6b8e-4a34-a4c5-e0bdb15b7e11"}),
        ("p/{id:guid}", "/api/p/6fbb", None),
        ("f/{name}.{kind}", "/api/f/cat.v2.jpg", {"name": "cat.v2", "kind": "jpg"}),
        ("a+b", "/api/a+b", {}),
    ],
)
def test_a_path_matches_or_not(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert parse(template, "api").match(path) == expected


def test_the_prefix_may_be_empty_or_long() -> None:
    assert parse("x").match("/x") == {}
    assert parse("x", "v1/open").match("/v1/open/x") == {}


@pytest.mark.parametrize("template", ["{a:colour}", "{*a}/b", "a{b", "{a:min(x)}", "{a:length}"])
def test_what_is_not_built_is_said(template: str) -> None:
    with pytest.raises(BadTemplate, match="route "):
        parse(template)


def test_the_more_specific_is_tried_first() -> None:
    texts = ["{*all}", "d/{a}", "d/{a:int}", "d/new", "d", "d/{a}/{b}"]
    ordered = sorted((parse(text) for text in texts), key=lambda template: template.order)
    assert [template.text for template in ordered] == ["d/new", "d/{a:int}", "d/{a}/{b}", "d/{a}", "d", "{*all}"]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/a%20b/caf%C3%A9", "/a b/café"),
        ("/a%2Fb%2fc", "/a%2Fb%2fc"),
        ("/50%25", "/50%"),
        ("/%E9x", "/%E9x"),
        ("/%C3%A9%ff%41", "/é%ffA"),
        ("/%E2%82%41", "/%E2%82A"),
        ("/%ED%A0%80", "/%ED%A0%80"),
        ("/a/./b/../c", "/a/c"),
        ("/a/%2e%2E", "/"),
        ("/../..", "/"),
    ],
)
def test_a_path_is_decoded_as_kestrel_does(raw: str, path: str) -> None:
    assert decode_path(raw) == path


def test_a_zero_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="zero byte"):
        decode_path("/a%00b")


@given(strategies.text(strategies.characters(exclude_characters="/%\0.", codec="utf-8"), max_size=20))
def test_a_decoded_path_is_encoded_again(text: str) -> None:
    assert decode_path(encode_path(f"/{text}")) == f"/{text}"
