from __future__ import annotations

import asyncio
import os
import re
import signal
import sys

import pytest

from customersms_async.models import Limit
from customersms_async.sandbox import DEMO_KEY, Fault, magic
from customersms_async.sandbox.__main__ import main, parser
from support.real_time import PATIENCE
from support.sandbox_requests import exchange, raw


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_it_is_told_to_stop(ended_by: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "customersms_async.sandbox", "--port", "0", "--limit", "2/60", "--fault", "none"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    told = await asyncio.wait_for(process.stdout.readuntil(b"magic lists"), PATIENCE)
    url = re.search(rb"CUSTOMERSMS_URL=(\S+)", told)
    assert url is not None
    assert f"CUSTOMERSMS_API_KEY={DEMO_KEY}".encode() in told
    assert b"limits: " + url[1].removesuffix(b"sms_system/api.php") + b"\n" in told
    closing = b"Connection: close\r\nContent-Type"
    sent = raw("+12125551234", key=DEMO_KEY).replace(b"Content-Type", closing, 1)
    statuses = [(await exchange(url[1].decode(), sent))[9:12] for _ in range(3)]
    assert statuses == [b"200", b"200", b"429"]
    os.kill(process.pid, ended_by)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0
    lines = [line.split(b" ", 1) for line in err.splitlines()]
    assert [told for _, told in lines] == [
        b"POST /sms_system/api.php 200: 1 number, 1 accepted",
        b"POST /sms_system/api.php 200: 1 number, 1 accepted",
        b"POST /sms_system/api.php 429: 1 number, 1 refused (RATE_LIMITED)",
    ]
    assert all(re.fullmatch(rb"\d\d:\d\d:\d\d", at) for at, _ in lines)
    assert b"requests: 3\ntexts accepted: 2, of which twice: 1\nrequests refused by the limits: 1" in out


def test_options_are_read() -> None:
    words = "--limit 100/60 --limit 5/0.5 --latency 0.1,0.2 --fault slow:0.5 --fault none --fault BOM --credits 2.50"
    given = parser("prog").parse_args(words.split())
    assert given.limit == [Limit(100, 60), Limit(5, 0.5)]
    assert given.latency == (0.1, 0.2)
    assert given.fault == [(Fault.SLOW, 0.5), None, Fault.BOM]
    assert str(given.credits) == "2.50"
    assert given.host == "127.0.0.1"
    assert parser("prog").parse_args(["--latency", "0.3"]).latency == (0.3, 0.3)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--limit 5", "argument --limit: '5' is not REQUESTS/SECONDS, such as 100/60"),
        ("--latency slow", "argument --latency: 'slow' is not a number of seconds such as 0.2, or two such as 0.1,0.5"),
        ("--latency 2,1", "argument --latency: '2,1' is not a number of seconds such as 0.2, or two such as 0.1,0.5"),
        ("--fault SLOW:long", "argument --fault: 'long' is not a number of seconds, as in SLOW:2.5"),
        ("--credits much", "argument --credits: 'much' is not a number of credits"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(words: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert (ended.value.code, says in capsys.readouterr().err) == (2, True)


def test_the_help_says_of_every_option_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"], epilog="For example:\n  one\n  two")
    told = capsys.readouterr().out
    assert told.endswith("For example:\n  one\n  two\n")
    assert all(action.help for action in parser("prog")._actions)
    assert "given again, with the second" in " ".join(told.split())


@pytest.mark.parametrize("words", ["--limit 0/60", "--limit 100", "--fault nope", "--credits much", "--port x"])
def test_options_that_cannot_be_end_with_status_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parser("prog").parse_args(words.split())
    assert words.split()[0] in capsys.readouterr().err


def test_what_cannot_be_served_ends_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fault", "BOM:1"]) == 1
    assert capsys.readouterr().err == "BOM takes no seconds\n"


def test_the_table_is_printed_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--magic"]) == 0
    assert capsys.readouterr().out == f"{magic.table()}\n"
