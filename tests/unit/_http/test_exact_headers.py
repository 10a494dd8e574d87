"""The headers of a request are put right on its way to the network, and cookies taken out of its answer."""

from __future__ import annotations

import httpcore
import httpx
import pytest

from customersms_async._http.exact_headers import drop_cookies, make_exact, make_exact_on_the_wire

OURS = {"Accept": "application/json", "Content-Length": "8"}
URLS = [
    "https://gateway.test/a",
    "https://gateway.test:8443/a",
    "http://[::1]:8000/",
    "http://[::1]/",
    "https://bücher.test/",
]


@pytest.mark.parametrize("url", URLS)
def test_a_request_that_is_about_to_be_written_names_its_host_as_httpx_does(url: str) -> None:
    read = httpx.URL(url)
    request = httpcore.Request(
        "POST",
        httpcore.URL(scheme=read.raw_scheme, host=read.raw_host, port=read.port, target=read.raw_path),
        headers={"Host": "elsewhere", "traceparent": "00-1-2-01", "accept": "*/*"},
    )
    make_exact_on_the_wire(request, OURS)
    host = httpx.Request("POST", url).headers["host"].encode()
    assert request.headers == [(b"Host", host), (b"Accept", b"application/json"), (b"Content-Length", b"8")]


@pytest.mark.parametrize("url", URLS)
def test_a_request_that_a_callers_client_has_built_gets_our_url_and_our_headers(url: str) -> None:
    client = httpx.AsyncClient(params={"theirs": "1"}, headers={"Host": "elsewhere", "X-Mine": "yes"})
    request = client.build_request("POST", url)
    make_exact(request, url, OURS)
    assert request.url == httpx.URL(url)
    assert request.headers == httpx.Headers({"Host": httpx.Request("POST", url).headers["host"], **OURS})


def test_a_request_of_another_shape_is_left_as_it_is() -> None:
    class Plain:
        def __init__(self) -> None:
            self.url = "theirs"
            self.headers = {"theirs": "yes"}

    request = Plain()
    make_exact(request, URLS[0], OURS)
    make_exact(object(), URLS[0], OURS)
    assert (request.url, request.headers) == ("theirs", {"theirs": "yes"})


def test_cookies_are_taken_out_of_an_answer_of_either_version_and_nothing_else_is() -> None:
    for before in ((b"HTTP/1.1", 200, b"OK"), (200,)):
        headers = [(b"Set-Cookie", b"a=1"), (b"Server", b"x"), (b"set-cookie", b"b=2"), (b"Retry-After", b"7")]
        drop_cookies((*before, headers))
        assert headers == [(b"Server", b"x"), (b"Retry-After", b"7")]
    for odd in (None, (), ((b"a", b"b"),), 7):
        drop_cookies(odd)
