"""``customersms campaign serve`` as a process: its address, its end, and what it refuses."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from support.command import KEY, PATIENCE, Commands

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from customersms_async.sandbox import Sandbox

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

AT_ONCE = 14.0
"""Seconds that the end may take: most of it is the interpreter's, on a busy machine. A stream by itself speaks every 15
seconds, so that nothing has waited for one."""


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
    assert "It stops on Ctrl-C" in process.stdout.readline()
    return found[1], int(found[2]), found[3]


@contextlib.contextmanager
def watching(host: str, port: int, path: str) -> Iterator[list[bytes]]:
    """Open the stream of events as a browser does; gives its lines until all sections of the ledger have come."""
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        connection.request("GET", "/events", headers={"Cookie": cookie})
        with connection.getresponse() as stream:
            lines: list[bytes] = []
            while b"event: doubts\n" not in lines:
                lines.append(stream.readline())
            lines.append(stream.readline())
            yield lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_at_a_signal_whoever_watches(
    customersms: Commands, ledger: str, number: signal.Signals
) -> None:
    process = customersms.start("campaign", "serve", "--ledger", ledger)
    with watching(*address(process)):
        began = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (0, "")
        assert time.monotonic() - began < AT_ONCE
    assert customersms("campaign", "status", "--ledger", ledger).status == 0


def test_no_key_and_no_password_is_shown(customersms: Commands, ledger: str) -> None:
    process = customersms.start("campaign", "serve", "--ledger", ledger, CUSTOMERSMS_API_KEY=KEY)
    with watching(*address(process)) as lines:
        seen = b"".join(lines).decode()
    process.send_signal(signal.SIGTERM)
    assert "fingerprint" in seen
    assert KEY not in seen + "".join(process.communicate(timeout=PATIENCE))


def test_a_token_of_one_s_own_must_be_long(customersms: Commands, ledger: str) -> None:
    for token in ("short", "with a space in it", "ümlaute-sind-nicht-erlaubt"):
        ended = customersms("campaign", "serve", "--ledger", ledger, "--token", token)
        assert (ended.status, "'--token': it must be 16 characters or more" in ended.words) == (2, True)
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
