"""``customersms campaign serve`` as a process: its address, its end, and what it refuses."""

from __future__ import annotations

import http.client
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from support.command import PATIENCE, Commands

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

AT_ONCE = 5.0
"""Seconds that the end may take on a busy machine: most of it is the interpreter's."""


@pytest.fixture
def ledger(customersms: Commands, serve: Serve) -> str:
    _, there = serve()
    customersms.people(3)
    ran = customersms("campaign", "run", "people.csv", "-m", "Hi {name}", "--ledger", "spring.ledger", "--yes", **there)
    assert ran.status == 0
    return "spring.ledger"


def address(process: subprocess.Popen[str]) -> tuple[str, int, str]:
    """The host, the port and the rest of what a page prints."""
    assert process.stdout is not None
    found = re.search(r"http://\[?(.+?)\]?:(\d+)(/\?token=\S+)", process.stdout.readline())
    assert found is not None
    return found[1], int(found[2]), found[3]


def watch(host: str, port: int, path: str) -> http.client.HTTPResponse:
    """Open the stream of events as a browser does, and read until something of the campaign has come."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 303
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    connection.request("GET", "/events", headers={"Cookie": cookie})
    answer = connection.getresponse()
    while b"event: states" not in answer.readline():
        pass
    return answer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_at_a_signal_whoever_watches(
    customersms: Commands, ledger: str, number: signal.Signals
) -> None:
    process = customersms.start("campaign", "serve", "--ledger", ledger)
    streams = [watch(*address(process))]
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert time.monotonic() - began < AT_ONCE
    assert "It stops on Ctrl-C" in out
    streams[0].close()
    assert customersms("campaign", "status", "--ledger", ledger).status == 0


def test_no_key_and_no_password_is_shown(customersms: Commands, ledger: str) -> None:
    from support.command import KEY

    process = customersms.start("campaign", "serve", "--ledger", ledger, CUSTOMERSMS_API_KEY=KEY)
    host, port, path = address(process)
    stream = watch(host, port, path)
    process.send_signal(signal.SIGTERM)
    seen = stream.read().decode()
    assert KEY not in seen + "".join(process.communicate(timeout=PATIENCE))


def test_a_token_of_one_s_own_must_be_long(customersms: Commands, ledger: str) -> None:
    for token in ("short", "with a space in it", "ümlaute-sind-nicht-erlaubt"):
        ended = customersms("campaign", "serve", "--ledger", ledger, "--token", token)
        assert (ended.status, "--token must be 16 characters or more" in ended.words) == (2, True)
    process = customersms.start("campaign", "serve", "--ledger", ledger, "--token", "sixteen-or-more!&x")
    assert address(process)[2] == "/?token=sixteen-or-more%21%26x"
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_what_can_t_be_served_is_said_before_anything_is(customersms: Commands, ledger: str) -> None:
    ended = customersms("campaign", "serve", "--ledger", "nowhere.ledger")
    assert (ended.status, ended.out) == (1, "")
    assert "there is no such ledger" in ended.words
    assert not (customersms.folder / "nowhere.ledger").exists()
    ended = customersms("campaign", "serve", "--ledger", ledger, "--zone", "Middle/Earth")
    assert (ended.status, "is no time zone that this machine knows" in ended.words) == (2, True)
    process = customersms.start("campaign", "serve", "--ledger", ledger)
    _, port, _ = address(process)
    ended = customersms("campaign", "serve", "--ledger", ledger, "--port", str(port))
    assert (ended.status, f"127.0.0.1:{port} can't be listened at" in ended.words) == (1, True)


def test_it_warns_of_an_address_that_others_reach(customersms: Commands, ledger: str) -> None:
    process = customersms.start("campaign", "serve", "--ledger", ledger, "--host", "0.0.0.0")  # noqa: S104 - asked for
    address(process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert "nothing encrypts what it shows" in " ".join(err.split())
