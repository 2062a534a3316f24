"""Whom a fetch by URL reaches, over real sockets: what must not be reached is a listener that counts."""

import tomllib
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from describer.adapters.web.fetch import Web
from describer.adapters.web.public_ip import system_resolve
from describer.adapters.web.urls import Rules
from describer.domain.errors import FetchFailed, Transient, UrlFault
from tests.internet import DEAD, Internet, answer, refusal, unbounded

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "urls.toml").read_text(encoding="utf-8"))
PICTURE = "https://pictures.example/picture"

type Case = dict[str, str]


def _id(case: Case) -> str:
    return case["reason"]


def _filled(internet: Internet, url: str) -> str:
    ports = internet.ports
    return url.replace("{v4}", str(ports["v4"])).replace("{v6}", str(ports["v6"])).replace("{long}", "a" * 8000)


def _redirect(url: str, status: str = "302 Found") -> bytes:
    return answer(status, b"", Location=url, Content_Length="0")


@pytest.mark.parametrize("case", CASES["refused"], ids=_id)
async def test_a_forbidden_url_is_refused_before_any_request(web: Web, internet: Internet, case: Case) -> None:
    assert await refusal(web, _filled(internet, case["url"])) == case.get("code", "url_host")
    assert (internet.trapped, internet.requests) == (0, [])


@pytest.mark.parametrize("case", [case for case in CASES["refused"] if case.get("by_redirect", "yes")], ids=_id)
async def test_a_redirect_to_it_is_refused_too(web: Web, internet: Internet, case: Case) -> None:
    internet.answers["/"] = _redirect(_filled(internet, case["url"]))
    code = case.get("by_redirect") or case.get("code", "url_host")
    assert await refusal(web, "https://pictures.example/") == code
    assert internet.trapped == 0
    assert {request.partition("Host: ")[2].partition("\r")[0] for request in internet.requests} == {"pictures.example"}


@pytest.mark.parametrize("case", CASES["accepted"], ids=_id)
async def test_a_url_that_only_looks_so_is_fetched(web: Web, internet: Internet, case: Case) -> None:
    internet.answers["/"] = answer()
    web = replace(web, rules=replace(web.rules, http=bool(case.get("http"))))
    assert await web.fetch(_filled(internet, case["url"]), unbounded) == b"picture"
    assert internet.trapped == 0


@pytest.mark.parametrize("case", CASES["faulty"], ids=_id)
async def test_a_faulty_data_url_is_refused(web: Web, case: Case) -> None:
    assert await refusal(web, case["url"]) is UrlFault.MALFORMED


def test_the_table_has_each_code_that_needs_no_answer_and_sixty_cases() -> None:
    answered = {UrlFault.CERTIFICATE, UrlFault.CONTENT, UrlFault.STATUS, UrlFault.REDIRECT}
    assert {UrlFault(case.get("code", "url_host")) for case in CASES["refused"]} == set(UrlFault) - answered
    assert len(CASES["refused"]) >= 60


async def test_the_traps_notice_a_connection(internet: Internet) -> None:
    """Without the checks each of these would be counted, and so would a way that leads to the wrong listener."""
    urls = ("https://169.254.169.254/", "https://[::1]/", "http://10.0.0.1:81/")
    for count, url in enumerate(urls, start=1):
        async with internet.transport() as transport:
            with pytest.raises(httpx2.TransportError):
                await transport.handle_async_request(httpx2.Request("GET", url))
        assert internet.trapped == count


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1"])
async def test_the_web_as_it_is_deployed_reaches_no_listener_of_this_machine(internet: Internet, host: str) -> None:
    for port in (internet.ports["v4"], internet.ports["v6"]):
        deployed = Web(1000, Rules(allow=(f"*:{port}",)))
        assert await refusal(deployed, f"https://{host}:{port}/") in {UrlFault.HOST, UrlFault.MALFORMED}
    assert internet.trapped == 0


async def test_what_the_system_resolves_to_inside_is_refused(internet: Internet) -> None:
    async def own_name(_: str) -> list[str]:
        return list(await system_resolve("localhost"))

    inside = Web(1000, Rules(allow=(f"*:{internet.ports['v4']}",)), resolve=own_name)
    assert await own_name("")
    assert await refusal(inside, f"https://pictures.example:{internet.ports['v4']}/") is UrlFault.HOST
    assert internet.trapped == 0


async def test_a_name_is_asked_for_once_and_its_change_of_mind_comes_too_late(web: Web, internet: Internet) -> None:
    internet.changes["pictures.example"] = [["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]]
    assert await web.fetch(PICTURE, unbounded) == b"picture"
    assert internet.asked == ["pictures.example"]
    assert internet.trapped == 0


async def test_a_redirect_to_the_same_name_is_looked_up_and_checked_again(web: Web, internet: Internet) -> None:
    internet.changes["pictures.example"] = [["8.8.8.8"], ["169.254.169.254"]]
    internet.answers["/again"] = _redirect("/picture")
    assert await refusal(web, "https://pictures.example/again") is UrlFault.HOST
    assert (internet.trapped, len(internet.requests)) == (0, 1)


async def test_an_unknown_name_and_an_internal_one_get_the_same_error(web: Web) -> None:
    said = []
    for name in ("absent.example", "inside.example", "network.example"):
        with pytest.raises(FetchFailed) as caught:
            await web.fetch(f"https://{name}/?sig=secret", unbounded)
        said.append(str(caught.value).replace(name, "NAME"))
    assert len(set(said)) == 1
    assert not any(hint in said[0] for hint in ("127", "10.1", "secret"))


async def test_the_request_says_who_asks_and_nothing_more(web: Web, internet: Internet) -> None:
    await web.fetch("https://pictures.example/picture?sig=a%2Fb", unbounded)
    first, *lines = internet.requests[0].rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert first == "GET /picture?sig=a%2Fb HTTP/1.1"
    assert headers["Host"] == "pictures.example"
    assert headers["User-Agent"].startswith("image-describer/")
    assert headers["Accept-Encoding"] == "identity"
    assert headers.keys() == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}


async def test_a_cookie_and_a_referrer_do_not_go_along_with_a_redirect(web: Web, internet: Internet) -> None:
    internet.answers["/in"] = answer("303 See Other", b"", Location="/picture", Set_Cookie="a=b", Content_Length="0")
    await web.fetch("https://pictures.example/in?sig=secret", unbounded)
    assert not any(word in internet.requests[1].lower() for word in ("cookie", "referer", "secret"))


async def test_proxies_and_logins_of_the_environment_are_not_used(
    web: Web, internet: Internet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login me password hush", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{internet.ports['v4']}")
    assert await web.fetch(PICTURE, unbounded) == b"picture"
    assert internet.trapped == 0
    assert "authorization" not in internet.requests[0].lower()


@pytest.mark.parametrize("name", ["other.example", "8.8.8.8"])
async def test_a_server_must_prove_its_name(web: Web, internet: Internet, name: str) -> None:
    internet.names = {"other.example": ["8.8.8.8", "8.8.4.4"]}
    assert await refusal(web, f"https://{name}/picture") is UrlFault.CERTIFICATE
    assert internet.requests == []


async def test_an_address_without_a_server_leaves_the_others(web: Web, internet: Internet) -> None:
    internet.changes["two.example"] = [[DEAD, "8.8.8.8"]]
    assert await web.fetch("https://two.example/picture", unbounded) == b"picture"


async def test_no_server_at_all_may_pass(web: Web, internet: Internet) -> None:
    internet.changes["two.example"] = [[DEAD, DEAD]]
    with pytest.raises(Transient, match=r"cannot be reached, or broke off the connection: two\.example") as caught:
        await web.fetch("https://two.example/picture", unbounded)
    assert DEAD not in str(caught.value)


async def test_three_redirects_are_followed(web: Web, internet: Internet) -> None:
    for step, status in (("3", "301 Moved"), ("2", "307 Temporary"), ("1", "308 Permanent")):
        onward = "https://two.example/picture" if step == "1" else f"//pictures.example/{int(step) - 1}?a=b"
        internet.answers[f"/{step}"] = _redirect(onward, status)
    assert await web.fetch("https://pictures.example/3", unbounded) == b"picture"
    assert len(internet.requests) == 4


async def test_a_fourth_redirect_and_a_loop_are_not(web: Web, internet: Internet) -> None:
    internet.answers["/loop"] = _redirect("/loop")
    assert await refusal(web, "https://pictures.example/loop") is UrlFault.REDIRECT
    assert len(internet.requests) == 4


async def test_a_redirect_to_a_picture_within_the_url_is_refused(web: Web, internet: Internet) -> None:
    internet.answers["/in"] = _redirect("data:image/jpeg;base64,cGljdHVyZQ==")
    assert await refusal(web, "https://pictures.example/in") is UrlFault.SCHEME


async def test_an_allow_list_holds_for_redirects_too(web: Web, internet: Internet) -> None:
    web = replace(web, rules=Rules(allow=("pictures.example",)))
    internet.answers["/away"] = _redirect("https://two.example/picture")
    assert await web.fetch(PICTURE, unbounded) == b"picture"
    assert await refusal(web, "https://pictures.example/away") is UrlFault.HOST
