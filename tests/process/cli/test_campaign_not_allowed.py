"""``customersms campaign`` where caps or the user's own list forbid a text: who is skipped, shown, planned again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.campaign_command import LEDGER, A, B, begin, exported, go_on, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox
    from support.command import Commands

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]


def test_who_hit_a_cap_is_skipped_named_and_planned_again_by_a_person(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.write("people.csv", f"phone,name\n{A},Ann\n{A},Ann\n{B},Ed\n")
    customersms.write("first.csv", f"phone,name\n{A},Ann\n")
    assert customersms("send", "-f", "first.csv", "-m", "Hi", "--cap", "1/3600", "--yes", **there).status == 0
    ended = customersms(*begin("--cap", "1/3600", "--json"), **there)
    assert ended.status == 3
    told = [json.loads(line) for line in ended.out.splitlines()]
    assert {one["phone"]: one["code"] for one in told if "phone" in one} == {A: "CAPPED", B: None}
    (capped, _, accepted) = exported(customersms)
    assert (capped["status"], capped["code"], capped["attempts"], accepted["status"]) == (
        "skipped",
        "CAPPED",
        "0",
        "accepted",
    )
    assert capped["error"].startswith("the cap customersms is reached, 1 text in 3600 s to one number")
    assert status(customersms)["codes"] == {"skipped": {"CAPPED": 1, "DUPLICATE": 1}}
    assert "Who hit a cap got nothing" in customersms(*go_on("--cap", "1/3600"), **there).words
    assert customersms("campaign", "report", *LEDGER, "--html", "r.html").status == 0
    assert "<td>CAPPED</td><td>skipped</td>" in (customersms.folder / "r.html").read_text(encoding="utf-8")

    resolve = ("campaign", "resolve", *LEDGER, "--by", "Ann Lee")
    assert customersms(*resolve, "--status", "skipped", "--as", "planned").status == 2
    assert customersms(*resolve, "--status", "capped", "--as", "accepted").status == 2
    customersms.write("found.txt", f"{A}\n{B}\n")
    ended = customersms(*resolve, "--phones", "found.txt", "--as", "planned")
    assert (ended.status, "1 recipient is planned" in ended.words, f"the first is {B}" in ended.words) == (
        1,
        True,
        True,
    )
    assert customersms(*go_on("--cap", "1/3600"), **there).status == 3, "there is no room yet"
    assert "1 recipient is planned from now on" in customersms(*resolve, "--status", "capped", "--as", "planned").out
    assert customersms(*go_on(), **there).status == 0
    assert [text.phone for text in gateway.texts] == [A, B, A]


def test_who_is_on_the_user_s_own_list_is_no_failure_and_stays_skipped(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.write("people.csv", f"phone,name\n{A},Ann\n{B},Ed\n")
    assert customersms("suppress", "add", B, "--by", "Ann", "--why", "called us").status == 0
    assert customersms(*begin(), **there).status == 0
    assert status(customersms)["codes"] == {"skipped": {"SUPPRESSED": 1}}
    customersms.write("found.txt", f"{B}\n")
    ended = customersms("campaign", "resolve", *LEDGER, "--by", "Ann", "--phones", "found.txt", "--as", "planned")
    assert (ended.status, "0 recipients are planned" in ended.words) == (1, True)
    assert [text.phone for text in gateway.texts] == [A]
