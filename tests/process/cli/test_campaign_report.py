"""``customersms campaign report`` as a process: a page of a campaign, and where it may be put."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from customersms_async.sandbox import Fault, Sandbox, magic

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.command import Commands

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

A = "+12125551234"
LEDGER = ("--ledger", "l")
RUN = ("campaign", "run", "people.csv", "-m", "Hi {name}", *LEDGER, "--yes", "--pace", "none")


def test_the_report_is_one_page_that_needs_nothing_else(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    lost = magic.number(Fault.JSON_CUT)
    customersms.write("people.csv", f"phone,name\n{A},<b>\nn<i>pe,Bob\n{lost},Di\n")
    customersms(*RUN, "--batch-size", "1", **there)
    customersms("campaign", "resolve", *LEDGER, "--phones", "people.csv", "--as", "accepted", "--by", "<u>Ann")
    ended = customersms("campaign", "report", *LEDGER, "--html", "r.html")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    path = customersms.folder / "r.html"
    page = path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    for part in ("What became of everyone", "Requests over time", "Failures by code", "Failures by calling code"):
        assert f"<h2>{part}</h2>" in page
    assert "the limit of 100 requests in that time" in page
    assert lost in page
    assert "UNREADABLE_ANSWER" in page
    assert not re.search(r"<(b|i|u)>|<script|src=|href=|@import|url\(", page)
    assert customersms("campaign", "report", *LEDGER, "--html", "nowhere/r.html").status == 2


def test_a_report_replaces_a_report_and_nothing_else(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms.people(3)
    assert customersms(*RUN, **there).status == 0
    for _ in range(2):
        assert customersms("campaign", "report", "--ledger", "l", "--html", "page.html").status == 0
    ended = customersms("campaign", "report", "--ledger", "l", "--html", "l")
    assert (ended.status, "exists and is no report" in ended.words) == (2, True)
    ended = customersms("campaign", "status", *LEDGER, "--json")
    assert json.loads(ended.out)["accepted"] > 0
