"""An address is shown without its secrets, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.domain.addresses import shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example/c/x.jpg?sv=1&sig=SECRET", "https://a.example/c/x.jpg"),
        ("https://a.example/c/x.jpg#SECRET", "https://a.example/c/x.jpg"),
        ("https://a.example?sig=SECRET", "https://a.example"),
        ("https://user:SECRET@a.example:8443/x", "https://a.example:8443/x"),
        ("https://user@x:SECRET@a.example/x", "https://a.example/x"),
        ("https://[2001:db8::1]:8443/x?SECRET", "https://[2001:db8::1]:8443/x"),
        ("https://a.example/x.jpg%3Fsig=SECRET", "https://a.example/x.jpg"),
        ("HTTPS:\\\\user:SECRET@a.example\\x?SECRET", "https://a.example/x"),
        ("https://user:SECRET/SECRET@a.example/x", "https://…"),
        ("https://[SECRET/x", "https://…"),
        ("  ftp://user:SECRET@a.example/x?SECRET", "ftp://a.example/x"),
        ("https://a.example/photos/12@N05/x.jpg", "https://a.example/photos/12@N05/x.jpg"),
        ("data:image/png;base64,SECRET", "data:image/png"),
        ("DATA:,SECRET", "data:"),
        ("data:SECRET", "data:"),
        ("pets/what? a cat#1.jpg", "pets/what? a cat#1.jpg"),
        ("C:\\pictures\\cat.jpg", "C:\\pictures\\cat.jpg"),
        ("12:30 at the zoo.jpg", "12:30 at the zoo.jpg"),
        ("", ""),
    ],
)
def test_what_may_be_a_secret_is_left_out(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(
    scheme=st.sampled_from(["https", "HTTP", "ftp", "wasbs"]),
    user=st.sampled_from(["", "SECRET@", "u:SECRET@", "u%40x:SECRET@", ":SECRET@"]),
    host=st.sampled_from(["a.example", "a.example:80", "[::1]", "ü.example", "127.1"]),
    path=st.text(st.characters(exclude_characters="?#", exclude_categories=["Cs"])).map(lambda text: f"/{text}"),
    query=st.sampled_from(["?sig=SECRET", "#SECRET", "?a=b?SECRET", "%3fSECRET"]),
)
def test_no_secret_is_shown_and_what_was_shown_is_shown_again(
    scheme: str, user: str, host: str, path: str, query: str
) -> None:
    address = shown(f"{scheme}://{user}{host}{path}{query}")
    assert "SECRET" not in address
    assert shown(address) == address
    assert address.startswith(f"{scheme.lower()}://{host}/")
