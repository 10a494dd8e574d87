"""``customersms sandbox`` as a process."""

from __future__ import annotations

import itertools
import re
import signal

from customersms_async.sandbox import magic
from support.command import PATIENCE, Commands
from support.command_results import A, B


def test_the_sandbox_serves_until_it_is_told_to_stop(customersms: Commands) -> None:
    process = customersms.start("sandbox", "--port", "0", "--key", "made_up", "--limit", "2/60")
    assert process.stdout is not None
    told = "".join(itertools.takewhile(lambda line: "It stops on Ctrl-C" not in line, process.stdout))
    url = re.search(r"CUSTOMERSMS_URL=(\S+)", told)
    assert url is not None
    there = {"CUSTOMERSMS_URL": url[1], "CUSTOMERSMS_API_KEY": "made_up"}
    assert customersms("send", A, B, "--message", "Hi", **there).status == 0
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert err.endswith(" POST /sms_system/api.php 200: 2 numbers, 2 accepted\n")
    assert err.count("\n") == 1
    assert "requests: 1\ntexts accepted: 2, of which twice: 0" in out


def test_the_sandbox_has_its_own_options(customersms: Commands) -> None:
    ended = customersms("sandbox", "--magic")
    assert (ended.status, ended.out) == (0, f"{magic.table()}\n")
    ended = customersms("sandbox", "--limit", "0/1")
    assert ended.status == 2
    assert "usage: customersms sandbox" in ended.err
    assert "argument --limit" in ended.err
