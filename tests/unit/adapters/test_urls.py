"""Which URLs may be asked for, and which addresses are public, whatever the text."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from describer.adapters.web.data_url import decoded
from describer.adapters.web.public_ip import is_public
from describer.adapters.web.urls import Rules, Target, redirected
from describer.domain.errors import DescriberError, FetchFailed

NASTY = st.text(st.sampled_from("abz019.:/\\@[]%#?&-_ \t\r\n\0xX\u3002\uff11\u00fc\u00ad\ud800"), max_size=40)
EMBEDDED = ("::ffff:0:0", "::", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::")


@given(NASTY | st.text(max_size=40))
@example("pictures.example/picture?a=b#c")
@example("[2606:4700:4700:0::1111]:8443")
@example("pictures.example/\ud800")
def test_any_text_is_refused_or_read_as_one_clear_target(text: str) -> None:
    try:
        target = Target.read(f"https://{text}")
    except FetchFailed:
        return
    assert target.scheme == "https"
    assert target.host == target.host.lower() and target.host.isascii()
    assert not set(target.host) & set(" /\\@?#%[]\r\n\t\0")
    assert not set(target.path) & set(range(33))
    assert Target.read(f"https://{target.authority}{target.path.decode()}") == target


@given(NASTY)
@example("\ud800")
@example("//[")
def test_any_redirect_is_refused_or_leads_to_a_clear_target(location: str) -> None:
    try:
        target = Target.read(redirected("https://pictures.example/a/b", location))
    except FetchFailed:
        return
    assert Target.read(f"{target.scheme}://{target.authority}{target.path.decode()}") == target


@given(NASTY)
def test_any_data_url_is_refused_or_decoded(text: str) -> None:
    try:
        assert len(decoded(f"data:{text}", 20)) <= 20
    except DescriberError:
        return


@given(st.ip_addresses(v=4), st.sampled_from(EMBEDDED))
def test_no_ipv6_form_of_an_ipv4_address_is_public(address: IPv4Address, prefix: str) -> None:
    assert not is_public(str(IPv6Address(int(IPv6Address(prefix)) | int(address))))
    assert not is_public(str(IPv6Address(int(IPv6Address("2002::")) | int(address) << 80)))


@given(st.ip_addresses(v=6))
def test_nothing_is_public_beyond_what_is_given_out_and_no_zone_ever(address: IPv6Address) -> None:
    assert not is_public(str(address)) or int(address) >> 125 == 1
    assert not is_public(f"{address}%1")


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "20.60.0.1", "2606:4700:4700::1111", "2001:4860:4860::8888"])
def test_ordinary_servers_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "pictures.example", "0x7f.1", "127.1", "1.2.3", "8.8.8.8 ", "[::1]"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    ("rules", "url", "allowed"),
    [
        (Rules(), "https://a.example/", True),
        (Rules(), "https://a.example:8443/", False),
        (Rules(), "http://a.example/", False),
        (Rules(http=True), "http://a.example/", True),
        (Rules(http=True), "http://a.example:443/", False),
        (Rules(allow=("*.example",)), "https://b.a.example/", True),
        (Rules(allow=("*.example",)), "https://a.example.org/", False),
        (Rules(allow=("*.a.example",)), "https://a.example/", False),
        (Rules(allow=("a.example",)), "https://aaexample/", False),
        (Rules(allow=("a.example",)), "https://axexample.org/", False),
        (Rules(allow=("a.example:8443",)), "https://a.example:8443/", True),
        (Rules(allow=("a.example:8443",)), "https://a.example/", False),
        (Rules(allow=("a.example", "a.example:8443")), "https://a.example/", True),
        (Rules(allow=("[2606:4700::1]",)), "https://[2606:4700:0::1]/", True),
        (Rules(allow=("[2606:4700::1]:8443",)), "https://[2606:4700::1]:8443/", True),
        (Rules(allow=("[2606:4700::1]",)), "https://[2606:4700::2]/", False),
        (Rules(allow=("a*b*.example",)), "https://axbb.y.example/", True),
        (Rules(allow=("*a*a*a*a*a*a*a*a*b",)), f"https://{'.'.join(['a' * 60] * 3)}.com/", False),  # within this year
        (Rules(deny=("a.example",)), "https://a.example/", False),
        (Rules(deny=("a.example",)), "https://b.a.example/", True),
        (Rules(allow=("*:8443",), deny=("a.example",)), "https://a.example:8443/", False),
        (Rules(allow=("*", "*:8443"), deny=("a.example:8443",)), "https://a.example:8443/", False),
        (Rules(allow=("*", "*:8443"), deny=("a.example:8443",)), "https://a.example/", True),
        (Rules(deny=("xn--bcher-kva.example",)), "https://b\u00fccher.example/", False),
    ],
)
def test_rules_go_by_host_and_port(rules: Rules, url: str, *, allowed: bool) -> None:
    if allowed:
        rules.check(Target.read(url))
    else:
        with pytest.raises(FetchFailed):
            rules.check(Target.read(url))
