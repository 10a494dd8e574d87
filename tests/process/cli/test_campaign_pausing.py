"""``customersms campaign pause``, ``resume`` and ``stop`` beside a run in another process, and what ``status`` says."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from support.command import KEY, PATIENCE, Commands, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

LEDGER = ("--ledger", "l")
RUN = ("campaign", "run", *LEDGER, "--yes", "--batch-size", "10")
WAITING = (*RUN, "--limit", "2/3600")


def wanted(customersms: Commands) -> dict[str, Any]:
    ended = customersms("campaign", "status", *LEDGER, "--json")
    assert ended.status == 0
    found: dict[str, Any] = json.loads(ended.out)["wanted"]
    return found


@pytest.mark.parametrize(("word", "state"), [("pause", "paused"), ("stop", "stopped")])
def test_a_run_in_another_process_ends_and_the_commands_that_it_names_go_on(
    customersms: Commands, serve: Serve, word: str, state: str
) -> None:
    gateway, there = serve()
    customersms.people(60)
    process = customersms.start(*WAITING, "people.csv", "--message", "Hi", "--json", **there)
    until(lambda: len(gateway.texts) >= 10)
    ended = customersms("campaign", word, *LEDGER, "--by", "Ann Lee")
    assert ended.status == 0
    assert f"{state}: no request begins any more" in ended.words
    begun = gateway.requests
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4
    assert gateway.requests <= begun + 1
    assert f"Ann Lee has {state} it, on " in " ".join(err.split())
    summary = json.loads(out.splitlines()[-1])["summary"]
    assert (summary["stopped"], summary["exit_status"]) == (state, 4)
    assert summary["planned"] + summary["accepted"] == 60
    found = wanted(customersms)
    assert (found["state"], found["by"], found["guard"]) == (state, "Ann Lee", None)

    refused = customersms(*RUN, **there)
    assert refused.status == 4
    assert "has " + state + " it, on " in refused.words
    assert "customersms campaign resume --ledger l && customersms campaign run --ledger l --batch" in refused.words
    assert gateway.requests <= begun + 1

    going_on, run = summary["resume"].split(" && ")
    assert going_on == "customersms campaign resume --ledger l"
    ended = customersms(*shlex.split(going_on)[1:])
    assert ended.status == 0
    assert "resumed: requests may begin again" in ended.words
    assert wanted(customersms)["state"] == "run"
    without_limit = [word for word in shlex.split(run)[1:] if word not in ("--limit", "2/3600")]
    assert customersms(*without_limit, **there).status == 0
    assert wanted(customersms)["state"] == "done"
    assert gateway.duplicates() == ()


def test_status_shows_what_is_wanted_since_when_by_whom_and_the_terms_without_a_secret(
    customersms: Commands, serve: Serve
) -> None:
    gateway, there = serve()
    customersms.people(30)
    limited = (
        *RUN,
        "people.csv",
        "--message",
        "Hi",
        "--max-recipients",
        "10",
        "--allow-prefix",
        "+1",
        "--cap",
        "2/600",
    )
    query = {**there, "CUSTOMERSMS_URL": f"{gateway.url}?token=hidden"}
    assert customersms(*limited, **query).status == 4
    ended = customersms("campaign", "status", *LEDGER)
    assert re.search(
        r"wanted: stopped \(guard max_recipients\), since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, by process", ended.words
    )
    for said in ("10 recipients is the most", "fingerprint", "max_recipients 10", "allow_prefixes +1", "caps", "2/600"):
        assert said in ended.words
    terms = wanted(customersms)["terms"]
    assert terms["guards"]["max_recipients"] == 10
    assert terms["caps"]["per_number"] == [{"requests": 2, "seconds": 600.0}]
    ledger = (customersms.folder / "l").read_bytes()
    for secret in (KEY, "hidden"):
        assert secret not in ended.out + json.dumps(terms)
        assert secret.encode() not in ledger


def test_a_pause_may_be_said_again_and_before_the_first_run_and_a_resumption_only_after_one(
    customersms: Commands, serve: Serve
) -> None:
    _, there = serve()
    customersms.people(3)
    assert customersms(*RUN, "people.csv", "--message", "Hi", "--max-recipients", "0", **there).status == 4
    first = customersms("campaign", "pause", *LEDGER, "--by", "Ann", "--json")
    said = json.loads(first.out)
    assert (said["changed"], said["sending"], said["wanted"]["state"]) == (True, 0, "paused")
    assert "nothing to change: paused is what Ann wanted already" in customersms("campaign", "pause", *LEDGER).words
    assert customersms("campaign", "stop", *LEDGER).status == 0
    assert wanted(customersms)["by"]  # the user's name
    dry = customersms(*RUN, "--dry-run", **there)
    assert dry.status == 0
    assert customersms("campaign", "resume", *LEDGER).status == 0
    assert customersms(*RUN, **there).status == 0
    ended = customersms("campaign", "resume", *LEDGER)
    assert (ended.status, "paused or stopped can be resumed, and this one is done" in ended.words) == (2, True)


def test_a_ledger_that_is_not_there_is_not_made(customersms: Commands) -> None:
    for word in ("pause", "resume", "stop"):
        ended = customersms("campaign", word, *LEDGER)
        assert (ended.status, "there is no such ledger" in ended.words) == (1, True)
        assert not (customersms.folder / "l").exists()
