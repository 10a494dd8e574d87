"""What is said of a request that could not leave: the host, the variable or the file, and what to look at."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any, Final

import pytest

from customersms_async._core.post_result import NotSent
from customersms_async._http.error_meaning import meaning_of
from customersms_async._http.post_progress import PostProgress
from customersms_async.models import Code

URL: Final = "https://sms.example.com/api.php"
PROXY: Final = ("proxy.corp", 3128)


class ConnectError(Exception):
    """httpx has one of this name."""


class ConnectTimeout(TimeoutError):  # noqa: N818 - httpx's name
    """httpx has one of this name."""


class ProxyError(Exception):
    """httpx has one of this name."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.corp:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/authorities.pem")


async def said(error: Exception, peer: tuple[str, int] | None = None, *, handshaking: bool = False) -> NotSent:
    async def yes() -> bool:
        return True

    progress = PostProgress(yes, 1_000_000, lambda: 0, URL, {})
    progress.peer, progress.handshaking = peer, handshaking
    happened = meaning_of(error, progress)
    assert isinstance(happened, NotSent)
    return happened


def caused(cause: Exception, kind: type[Exception] = ConnectError) -> Exception:
    error = kind("the library's own words, which may quote what was sent")
    error.__cause__ = cause
    return error


def certificate(code: int, message: str) -> Exception:
    error: Any = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_code, error.verify_message = code, message
    return caused(error)


def broken_tls(reason: str) -> Exception:
    error: Any = ssl.SSLError(1, f"[SSL: {reason}] something (_ssl.c:1006)")
    error.reason = reason
    return caused(error)


async def test_a_name_that_cannot_be_looked_up_is_named() -> None:
    found = await said(caused(socket.gaierror(-2, "Name or service not known")))
    assert found.error == (
        "the name sms.example.com can't be looked up (Name or service not known): see url=… or CUSTOMERSMS_URL, and"
        " whether this machine has DNS"
    )
    assert (found.code, found.again) == (Code.CONNECTION_FAILED, True)
    through = await said(caused(socket.gaierror(-2, "Name or service not known")), PROXY)
    assert through.error.startswith("the name proxy.corp (the proxy) can't be looked up (Name or service not")
    assert ": see HTTPS_PROXY" in through.error
    odd = await said(caused(UnicodeError("label too long")))
    assert odd.error == "the name sms.example.com can be none: see url=… or CUSTOMERSMS_URL"
    assert not odd.again


@pytest.mark.parametrize(
    ("answer", "words", "again"),
    [
        ("407 Proxy Authentication Required", "answered 407: it wants a user and a password", False),
        ("403 Forbidden", "answered 403: it lets nothing through to sms.example.com:443", False),
        ("503 Service Unavailable", "answered 503: it can't reach sms.example.com:443", True),
        ("Proxy Server could not connect: Connection refused.", "made no connection to sms.example.com:443", True),
    ],
)
async def test_what_a_proxy_answered_is_said_and_no_password_shown(answer: str, words: str, again: bool) -> None:
    found = await said(ProxyError(answer), PROXY)
    assert found.error.startswith(f"the proxy proxy.corp:3128 (HTTPS_PROXY) {words}")
    assert found.again is again
    assert "secret" not in found.error
    of_a_caller = await said(ProxyError(answer), ("another.corp", 3128))
    assert of_a_caller.error.startswith(f"the proxy another.corp:3128 {words}")


@pytest.mark.parametrize(
    ("code", "message", "next_step"),
    [
        (18, "self-signed certificate", "in /etc/authorities.pem (SSL_CERT_FILE); name the file of its authority"),
        (20, "unable to get local issuer certificate", "name the file of its authority in SSL_CERT_FILE"),
        (10, "certificate has expired", "see this machine's clock"),
        (9, "certificate is not yet valid", "see this machine's clock"),
        (62, "Hostname mismatch, certificate is not valid for 'sms.example.com'.", "see url=… or CUSTOMERSMS_URL"),
    ],
)
async def test_a_refused_certificate_is_said_why_and_what_to_look_at(code: int, message: str, next_step: str) -> None:
    found = await said(certificate(code, message))
    assert found.error.startswith(f"the TLS certificate of sms.example.com:443 was refused ({message.rstrip('.')}): ")
    assert next_step in found.error
    assert (found.code, found.again) == (Code.CERTIFICATE_REFUSED, False)


async def test_a_port_without_tls_is_not_tried_again_and_a_cut_handshake_is() -> None:
    plain = await said(broken_tls("WRONG_VERSION_NUMBER"))
    assert plain.error.startswith("sms.example.com:443 does not speak TLS (WRONG_VERSION_NUMBER): see url=…")
    assert not plain.again
    proxy = await said(broken_tls("WRONG_VERSION_NUMBER"), PROXY)
    assert proxy.error.startswith("the proxy proxy.corp:3128 (HTTPS_PROXY) does not speak TLS (WRONG_VERSION_NUMBER)")
    assert proxy.error.endswith("its address begins with https://, so try http://")
    cut = await said(broken_tls("UNEXPECTED_EOF_WHILE_READING"))
    assert cut == NotSent("the TLS handshake with sms.example.com:443 failed (UNEXPECTED_EOF_WHILE_READING)")
    odd = await said(broken_tls("a reason that quotes something"))
    assert odd.error.endswith("failed (SSLError)")


async def test_what_took_too_long_is_said() -> None:
    assert (await said(ConnectTimeout())).error.startswith("no connection to sms.example.com:443 was made in time: see")
    through = await said(ConnectTimeout(), PROXY)
    assert through.error.startswith("no connection to the proxy proxy.corp:3128 (HTTPS_PROXY) was made in time: see H")
    shaking = await said(ConnectTimeout(), ("sms.example.com", 443), handshaking=True)
    assert shaking.error.startswith("the TLS handshake with sms.example.com:443 took too long: see url=…")


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connections are refused there (ConnectionRefusedError)"),
        (OSError(errno.ENETUNREACH, "x"), "this machine has no way to that network (Network is unreachable)"),
        (OSError(errno.EMFILE, "x"), "this process has too many files open, as ulimit -n says (Too many open files)"),
        (PermissionError(errno.EACCES, "x"), "(PermissionError)"),
        (ExceptionGroup("x", [ConnectionResetError(errno.ECONNRESET, "x")]), "it was cut before anything was sent"),
    ],
)
async def test_why_no_connection_could_be_made_is_said(cause: Exception, words: str) -> None:
    found = await said(caused(cause))
    assert found.error.startswith(f"no connection to sms.example.com:443 could be made: {words}")
    assert found.error.endswith("; see url=… or CUSTOMERSMS_URL")
    assert found.again


async def test_where_nothing_is_known_the_error_s_name_is_said_and_none_of_its_words() -> None:
    found = await said(caused(OSError("quotes the body")))
    assert found.error == "no connection to sms.example.com:443 could be made (ConnectError)"


async def test_through_a_proxy_it_is_the_gateway_with_whom_hands_are_shaken() -> None:
    async def yes() -> bool:
        return True

    progress = PostProgress(yes, 1_000_000, lambda: 0, URL, {})
    await progress.trace("connection.connect_tcp.started", {"host": "proxy.corp", "port": 3128})
    for name, peer in (("proxy.corp", PROXY), (None, PROXY), ("sms.example.com", ("sms.example.com", 443))):
        await progress.trace("proxy.start_tls.started", {"server_hostname": name})
        assert (progress.peer, progress.handshaking) == (peer, True)


async def test_the_host_that_another_library_s_error_names_is_taken() -> None:
    error: Any = ConnectionRefusedError(errno.ECONNREFUSED, "x")
    error.host, error.port = "sms.example.com", 443
    assert "sms.example.com:443" in (await said(caused(error))).error
