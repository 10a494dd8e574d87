"""The proxy that the environment names, and for whom it names none."""

from __future__ import annotations

import pytest

from customersms_async._http.proxies import proxy_for
from customersms_async._http.setup_problem import SetupProblem

URL = "https://sms.example.com/api.php"


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        for each in (name, name.lower()):
            monkeypatch.delenv(each, raising=False)


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("HTTPS_PROXY", "http://user:secret@proxy.corp:3128", "proxy.corp:3128 (HTTPS_PROXY)"),
        ("https_proxy", "proxy.corp:3128", "proxy.corp:3128 (https_proxy)"),
        ("ALL_PROXY", "http://[::1]:3128/", "[::1]:3128 (ALL_PROXY)"),
        ("HTTPS_PROXY", "https://proxy.corp", "proxy.corp:443 (HTTPS_PROXY)"),
    ],
)
def test_a_proxy_is_shown_with_what_names_it_and_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, place: str
) -> None:
    monkeypatch.setenv(name, value)
    proxy = proxy_for(URL)
    assert proxy is not None
    assert proxy.place == place
    assert proxy_for("http://127.0.0.1/") is None, "plain http goes to this machine"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("socks://proxy.corp:1080", "begins with socks://, which is not known"),
        ("socks4a://user:secret@proxy.corp", "begins with socks4a://, which is not known"),
        ("htp://proxy.corp", "begins with htp://, which is not known"),
        ("socks5://proxy.corp:1080", "pip install 'httpx[socks]'"),
        ("socks5h://proxy.corp:1080", "pip install 'httpx[socks]'"),
        ("http://user:secret@proxy.corp:port", "can't be read: write it as http://host:port"),
        ("http://:3128", "can't be read"),
        ("http://[::1:3128", "can't be read"),
        ("http://proxy.corp:0", "can't be read"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(SetupProblem) as refused:
        proxy_for(URL)
    assert str(refused.value).startswith("the proxy in ALL_PROXY ")
    assert why in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("exceptions", "past"),
    [
        ("sms.example.com", True),
        ("SMS.example.com", True),
        ("sms.example.com:443", True),
        ("sms.example.com:8443", False),
        (".example.com", True),
        ("*.example.com", True),
        ("example.com:443", True),
        ("example.com:8443", False),
        ("other.test sms.example.com", True),
        ("other.test,  sms.example.com ", True),
        ("ample.com", False),
        ("*", True),
        ("other.test,*", True),
        ("10.0.0.0/8", False),
        ("nonsense/8", False),
        ("", False),
    ],
)
def test_who_is_named_as_an_exception_is_asked_without_the_proxy(
    monkeypatch: pytest.MonkeyPatch, exceptions: str, past: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.corp:3128")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (proxy_for(URL) is None) is past


@pytest.mark.parametrize(
    ("url", "exceptions", "past"),
    [
        ("https://10.1.2.3/", "10.0.0.0/8", True),
        ("https://10.1.2.3:8443/", "10.1.2.3:8443", True),
        ("https://11.1.2.3/", "10.0.0.0/8", False),
        ("https://[fd00::1]/", "fd00::/8", True),
        ("https://[::1]/", "::1", True),
        ("https://[::1]:8443/", "[::1]:8443", True),
    ],
)
def test_an_address_may_be_named_by_its_network_or_with_its_port(
    monkeypatch: pytest.MonkeyPatch, url: str, exceptions: str, past: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.corp:3128")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (proxy_for(url) is None) is past
