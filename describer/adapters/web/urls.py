"""Checks which URLs may be fetched. A URL that two programs could read as different hosts is rejected, not repaired."""

import re
from dataclasses import dataclass
from functools import cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, Self
from urllib.parse import urljoin

import httpx2

from describer.domain.errors import FetchFailed, UrlFault

_LONGEST: Final = 8000
"""Maximum characters; servers should accept as many (RFC 9110, 4.1), and no signed URL in use is nearly as long."""
_PORTS: Final = {"https": 443, "http": 80}
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# No user, no zone, no percent in the host, no backslash, blank or control character anywhere.
_SHAPE: Final = re.compile(
    r"https?://([^][/?#@:%\\\s\x00-\x20\x7f]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?([/?#][^\\\x00-\x20\x7f]*)?", re.IGNORECASE
)
_STRAY: Final = re.compile(r"[\\\x00-\x20\x7f]")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# By the URL Standard, a host that ends in a number is an IPv4 address, in one of its many spellings.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INSIDE: Final = frozenset({"localhost", "local", "internal", "arpa"})
"""Domains that are never public (RFC 6761, 6762, 8375; ICANN's `internal`) and are not looked up."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL; later steps do not look at its text again.

    Args:
        host: a lower-case ASCII name without a final dot, or an address in its canonical form.
        path: path and query, percent-encoded; the fragment is dropped.
    """

    scheme: str
    host: str
    port: int
    path: bytes

    @classmethod
    def read(cls, url: str) -> Self:
        """Parse a URL. Raises `FetchFailed` with the code `url_malformed` or `url_scheme`."""
        scheme = _SCHEME.match(url)
        if scheme and scheme[1].lower() not in _PORTS:
            raise FetchFailed("Only https: and data: URLs are fetched.", code=UrlFault.SCHEME)
        if len(url) > _LONGEST:
            raise _malformed(f"It is longer than {_LONGEST} characters")
        if not _SHAPE.fullmatch(url):
            raise _malformed("It has a user name, blanks, backslashes, or no host")
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, UnicodeError) as error:  # UnicodeError: a lone surrogate, which JSON allows
            raise _malformed("Its host is not a name, or its path not text") from error
        port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
        if not 0 < port < 2**16:
            raise _malformed("Its port is not a port")
        return cls(parsed.scheme, _host(parsed.raw_host.decode("ascii")), port, parsed.raw_path)

    @property
    def on_usual_port(self) -> bool:
        """Whether the port is the scheme's default."""
        return self.port == _PORTS[self.scheme]

    @property
    def bracketed(self) -> str:
        """The host in the form for URLs."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """The value of the header `Host`."""
        return self.bracketed if self.on_usual_port else f"{self.bracketed}:{self.port}"


@dataclass(frozen=True, slots=True)
class Rules:
    """The installation's rules. They apply to the host in the URL, not to its addresses.

    Args:
        http: whether plain http is allowed.
        allow: host globs with an optional port; empty: `*`. A glob without a port allows the scheme's default.
        deny: globs that take precedence; one without a port denies every port.
    """

    http: bool = False
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def check(self, target: Target) -> None:
        """Raise `FetchFailed` with the code `url_scheme` or `url_host` if a rule forbids the target."""
        if target.scheme == "http" and not self.http:
            raise FetchFailed("Plain http is not allowed here; use https.", code=UrlFault.SCHEME)
        allowed = any(_matches(rule, target, portless=target.on_usual_port) for rule in self.allow or ("*",))
        if not allowed or any(_matches(rule, target, portless=True) for rule in self.deny):
            sentence = f"The host {target.host!r} is not allowed here, or not on port {target.port}."
            raise FetchFailed(sentence, code=UrlFault.HOST)


def redirected(url: str, location: str) -> str:
    """Return the URL that a redirect from `url` leads to; it must be parsed and checked like the first."""
    if _STRAY.search(location):  # `urljoin` would repair it
        raise _malformed("The redirect has blanks or backslashes")
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise _malformed("The redirect has no host") from error


def _matches(rule: str, target: Target, *, portless: bool) -> bool:
    glob, port = _parts(rule)
    fits = portless if port is None else port == target.port
    return fits and glob.fullmatch(target.bracketed) is not None


@cache
def _parts(rule: str) -> tuple[re.Pattern[str], int | None]:
    host, colon, port = rule.rpartition(":")
    if not colon or rule.endswith("]"):  # an IPv6 address without a port
        host, port = rule, ""
    return _glob(host), int(port) if port else None


def _glob(text: str) -> re.Pattern[str]:
    """Return a pattern in which each `*` matches lazily without backtracking, so that a long host cannot be costly."""
    first, *others = map(re.escape, text.split("*"))
    if not others:
        return re.compile(first)
    *middle, last = others
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last)


def _host(raw: str) -> str:
    try:
        return str(IPv6Address(raw) if ":" in raw else IPv4Address(raw))
    except AddressValueError:
        return _name(raw.removesuffix("."))


def _name(name: str) -> str:
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise _malformed("Its host is not a name")
    if _NUMBER.fullmatch(labels[-1]):
        raise _malformed("Its host is a number; write an address as four numbers from 0 to 255")
    if len(labels) == 1 or labels[-1] in _INSIDE:
        raise FetchFailed(f"The host {name!r} is not a public name.", code=UrlFault.HOST)
    return name


def _malformed(why: str) -> FetchFailed:
    return FetchFailed(f"The URL is invalid. {why}.", code=UrlFault.MALFORMED)
