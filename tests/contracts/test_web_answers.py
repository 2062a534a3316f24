"""What comes back from a URL: slow, endless, lying, packed, or not a picture."""

import asyncio
import datetime as dt
import gzip
import zlib
from dataclasses import replace
from email.utils import format_datetime
from functools import partial

import pytest

from describer.adapters.web.fetch import Timeouts, Web
from describer.domain.errors import Busy, Corrupt, DescriberError, TooLarge, Transient, UrlFault
from tests.internet import Behaviour, Internet, answer, refusal, unbounded

PICTURE = "https://pictures.example/picture"


def _until_it_ends(piece: bytes, *, head: bytes = b"", drip: float = 0) -> Behaviour:
    """Sends pieces without end, each after `drip` seconds in which the other side may leave."""

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        left = asyncio.create_task(reader.read())
        try:
            while not left.done():
                writer.write(piece)
                await writer.drain()
                await asyncio.wait({left}, timeout=drip)
        finally:
            await asyncio.gather(left, return_exceptions=True)

    return send


HEAD = b"HTTP/1.1 200 OK\r\n"
SLOW = {
    "nothing at all": _until_it_ends(b"", drip=5),
    "a drip of headers": _until_it_ends(b"X: y\r\n", head=HEAD, drip=0.02),
    "a drip of interim answers": _until_it_ends(b"HTTP/1.1 103 Early Hints\r\n\r\n", drip=0.02),
    "a drip of body": _until_it_ends(b"x", head=HEAD + b"\r\n", drip=0.02),
    "a body that stops": _until_it_ends(b"", head=HEAD + b"Content-Length: 9\r\n\r\nx", drip=5),
}


@pytest.mark.parametrize("behaviour", SLOW.values(), ids=SLOW)
async def test_slowness_ends(web: Web, internet: Internet, behaviour: Behaviour) -> None:
    internet.answers["/slow"] = behaviour
    for timeouts in (Timeouts(0.2, 0.2, 0.4), Timeouts(5, 5, 0.3)):
        with pytest.raises(Transient):
            async with asyncio.timeout(2):
                await replace(web, timeouts=timeouts).fetch("https://pictures.example/slow", unbounded)


@pytest.mark.parametrize("name", ["nothing at all", "a drip of headers", "a drip of interim answers"])
async def test_an_answer_must_begin_long_before_the_time_is_over(web: Web, internet: Internet, name: str) -> None:
    internet.answers["/slow"] = SLOW[name]
    with pytest.raises(Transient):
        async with asyncio.timeout(2):
            await replace(web, timeouts=Timeouts(0.1, 0.1, 60)).fetch("https://pictures.example/slow", unbounded)


async def test_the_time_is_for_all_redirects_and_look_ups_together(web: Web, internet: Internet) -> None:
    forever = asyncio.Event()

    async def never(host: str) -> list[str]:
        await forever.wait()
        return []

    with pytest.raises(Transient, match="took too long"):
        async with asyncio.timeout(2):
            await replace(web, timeouts=Timeouts(total=0.1), resolve=never).fetch(PICTURE, unbounded)


ENDLESS = {
    "a body without end": _until_it_ends(b"x" * 65536, head=HEAD + b"\r\n"),
    "pieces without end": _until_it_ends(b"1\r\nx\r\n" * 1000, head=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
}


@pytest.mark.parametrize("behaviour", ENDLESS.values(), ids=ENDLESS)
async def test_a_body_without_end_is_left(web: Web, internet: Internet, behaviour: Behaviour) -> None:
    internet.answers["/endless"] = behaviour
    with pytest.raises(TooLarge, match="1,000 bytes"):
        await web.fetch("https://pictures.example/endless", unbounded)


async def test_headers_without_end_are_left(web: Web, internet: Internet) -> None:
    internet.answers["/endless"] = _until_it_ends(b"X: " + b"y" * 9000 + b"\r\n", head=HEAD)
    with pytest.raises(Transient):
        await web.fetch("https://pictures.example/endless", unbounded)


JPEG = partial(answer, Content_Type="image/jpeg")
FINAL = {
    "absent": (answer("404 Not Found"), UrlFault.STATUS),
    "gone": (answer("410 Gone"), UrlFault.STATUS),
    "forbidden": (answer("403 Forbidden"), UrlFault.STATUS),
    "a login": (answer("401 Unauthorized", WWW_Authenticate="Basic"), UrlFault.STATUS),
    "a part that nobody asked for": (answer("206 Partial Content"), UrlFault.STATUS),
    "not modified": (answer("304 Not Modified", b""), UrlFault.STATUS),
    "a choice": (answer("300 Multiple Choices", Location="/picture"), UrlFault.STATUS),
    "a redirect to nowhere": (answer("302 Found", b""), UrlFault.REDIRECT),
    "a web page": (answer(body=b"<!doctype html>", Content_Type="Text/HTML; charset=utf-8"), UrlFault.CONTENT),
    "a gzip bomb": (JPEG(body=gzip.compress(bytes(10**6)), Content_Encoding="gzip"), UrlFault.CONTENT),
    "a deflate bomb": (JPEG(body=zlib.compress(bytes(10**6)), Content_Encoding="deflate"), UrlFault.CONTENT),
    "brotli": (JPEG(Content_Encoding="br"), UrlFault.CONTENT),
    "two encodings": (JPEG(Content_Encoding="identity, gzip"), UrlFault.CONTENT),
}


@pytest.mark.parametrize(("reply", "code"), FINAL.values(), ids=FINAL)
async def test_an_answer_that_is_no_picture_is_final(
    web: Web, internet: Internet, reply: bytes, code: UrlFault
) -> None:
    internet.answers["/here"] = reply
    assert await refusal(web, "https://pictures.example/here") is code


LATER = {
    "too many requests": (answer("429 Too Many Requests", Retry_After="7"), 7),
    "busy": (answer("503 Service Unavailable", Retry_After="120"), 120),
    "busy without end": (answer("503 Service Unavailable", Retry_After="9" * 400), 999_999_999),
    "busy until a date long past": (answer("503 Busy", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), 0),
    "busy until nonsense": (answer("503 Busy", Retry_After="-1"), None),
    "busy until no year": (answer("503 Busy", Retry_After="Wed, 21 Oct 99999999999999 07:28:00 GMT"), None),
    "busy in no zone": (answer("503 Busy", Retry_After=f"Wed, 21 Oct 2015 07:28:00 +{'9' * 19}"), None),
    "an error": (answer("500 Internal Server Error"), None),
    "a timeout behind it": (answer("504 Gateway Timeout"), None),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n", None),
    "nothing": (b"", None),
    "less than promised": (answer(Content_Length="900"), None),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 8\r\n\r\npicture!", None),
    "an encoding of transfer": (answer(Transfer_Encoding="gzip"), None),
}


@pytest.mark.parametrize(("reply", "wait"), LATER.values(), ids=LATER)
async def test_a_passing_fault_says_when_to_come_again(
    web: Web, internet: Internet, reply: bytes, wait: float | None
) -> None:
    internet.answers["/here"] = reply
    with pytest.raises(Transient) as caught:
        await web.fetch("https://pictures.example/here", unbounded)
    assert caught.value.retry_after == wait


async def test_a_date_to_come_is_waited_for(web: Web, internet: Internet) -> None:
    until = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5), usegmt=True)
    internet.answers["/here"] = answer("503 Busy", Retry_After=until)
    with pytest.raises(Transient) as caught:
        await web.fetch("https://pictures.example/here", unbounded)
    assert caught.value.retry_after == pytest.approx(300, abs=5)


SIZES: dict[str, tuple[bytes, type[DescriberError]]] = {
    "a promise of more than allowed": (answer(Content_Length="1001"), TooLarge),
    "a promise beyond all numbers": (answer(Content_Length="9" * 19), TooLarge),
    "one byte more than allowed": (answer(body=b"x" * 1001), TooLarge),
    "no bytes": (answer(body=b"", Content_Length="0"), Corrupt),
    "no content": (answer(body=b""), Corrupt),
}


@pytest.mark.parametrize(("reply", "error"), SIZES.values(), ids=SIZES)
async def test_a_body_has_its_limits(web: Web, internet: Internet, reply: bytes, error: type[DescriberError]) -> None:
    internet.answers["/here"] = reply
    with pytest.raises(error):
        await web.fetch("https://pictures.example/here", unbounded)


async def test_exactly_as_much_as_allowed_is_taken_and_what_follows_is_not(web: Web, internet: Internet) -> None:
    internet.answers["/here"] = answer(body=b"x" * 1000)
    assert await web.fetch("https://pictures.example/here", unbounded) == b"x" * 1000
    internet.answers["/here"] = answer(body=b"picture" * 900, Content_Length="7")
    assert await web.fetch("https://pictures.example/here", unbounded) == b"picture"


async def test_what_the_header_says_of_the_picture_is_not_believed(web: Web, internet: Internet) -> None:
    internet.answers["/here"] = answer(Content_Type="application/octet-stream", Content_Encoding="identity")
    assert await web.fetch("https://pictures.example/here", unbounded) == b"picture"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (f"data:;base64,{'A' * 1336}", TooLarge),
        (f"data:,{'a' * 1001}", TooLarge),
        (f"data:;base64,{'%41' * 1336}", TooLarge),
        ("data:image/png;base64,", Corrupt),
    ],
)
async def test_a_picture_within_the_url_has_its_limits(web: Web, url: str, error: type[DescriberError]) -> None:
    with pytest.raises(error):
        await web.fetch(url, unbounded)


async def test_a_picture_within_the_url_may_be_as_large_as_any(web: Web) -> None:
    assert await web.fetch(f"data:,{'a' * 1000}", unbounded) == b"a" * 1000


@pytest.mark.parametrize("url", ["https://pictures.example/here", f"data:;base64,{'QUJD' * 100}", f"data:,{'a' * 300}"])
async def test_memory_is_reserved_before_there_are_bytes(web: Web, internet: Internet, url: str) -> None:
    internet.answers["/here"] = answer(body=b"x" * 300)
    reserved: list[int] = []
    assert len(await web.fetch(url, reserved.append)) == 300
    assert reserved == sorted(reserved)
    assert reserved[-1] == 300

    def full(_size: int) -> None:
        raise Busy("full")

    with pytest.raises(Busy):
        await web.fetch(url, full)
