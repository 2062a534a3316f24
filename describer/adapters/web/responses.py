"""Interprets a web server's response before its body is read."""

import ssl
from typing import Final

import httpx2

from describer.adapters import retry_after
from describer.adapters.web.urls import Target
from describer.domain.errors import DescriberError, FetchFailed, TooLarge, Transient, UrlFault

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PASSING: Final = frozenset({408, 425, 429})
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})


def location(response: httpx2.Response, target: Target) -> str | None:
    """Return the redirect's target, or None if it is no redirect. Raises FetchFailed if the target is missing."""
    if response.status_code not in _REDIRECTS:
        return None
    where = response.headers.get("location", "")
    if not where:
        sentence = f"The server {target.host!r} redirects without a target."
        raise FetchFailed(sentence, code=UrlFault.REDIRECT)
    return where


def accept(response: httpx2.Response, target: Target, max_bytes: int) -> None:
    """Check that the body is worth reading.

    Raises:
        Transient: a retry may succeed.
        FetchFailed: the response is not a picture.
        TooLarge: the server states a larger size.
    """
    server, status = f"The server {target.host!r}", response.status_code
    if status in _PASSING or status >= 500:
        wait = retry_after.seconds(response.headers)
        raise Transient(f"The server of the URL answered {status}", retry_after=wait, quoting=target.host)
    if status != 200:
        raise FetchFailed(f"{server} answered {status}; check the URL and who may read it.", code=UrlFault.STATUS)
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        # The request forbids compression. A few kilobytes may unpack to gigabytes, and pictures are compressed already.
        raise FetchFailed(f"{server} sends the picture compressed for transport.", code=UrlFault.CONTENT)
    if response.headers.get("content-type", "").partition(";")[0].strip().lower() in _PAGES:
        sentence = f"{server} sends a web page; give the URL of the picture itself."
        raise FetchFailed(sentence, code=UrlFault.CONTENT)
    if int(response.headers.get("content-length", "0")) > max_bytes:  # h11 guarantees a number
        raise too_large(max_bytes)


def too_large(max_bytes: int) -> TooLarge:
    """Return the error for a body over the limit."""
    return TooLarge(f"The picture at the URL has more than {max_bytes:,} bytes.")


def fault(error: httpx2.TransportError, target: Target) -> DescriberError:
    """Return the error for a missing or invalid response."""
    if _is_certificate_fault(error):
        sentence = f"The server {target.host!r} has no valid certificate for that name."
        return FetchFailed(sentence, code=UrlFault.CERTIFICATE)
    return Transient("The server of the URL cannot be reached, or broke off the connection", quoting=target.host)


def _is_certificate_fault(error: BaseException | None) -> bool:
    """Return whether an invalid certificate caused the error; the HTTP library only wraps it."""
    while error and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None
