"""``customersms campaign`` with its ledger in a PostgreSQL database: as with a file, and no password is ever shown."""

from __future__ import annotations

import csv
import io
import json
import shlex
import signal
from typing import TYPE_CHECKING, Any, Final

import pytest

from customersms_async.sandbox import Fault
from support.command import PATIENCE, Commands, Ended, Hold, until
from support.postgres_servers import PASSWORD, PostgresServerProcess, postgres_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from customersms_async.sandbox import Sandbox

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

RUN: Final = ("campaign", "run", "--yes", "--batch-size", "10", "--max-concurrency", "1", "--pace", "none")
SAID: Final = ("phone", "status", "code", "error", "attempts", "line", "name")
PIECES: Final = (PASSWORD, "a-pass", "must never", "must%20never")
"""A password, and what would show it in part or percent-encoded."""


@pytest.fixture(scope="module")
def careful_postgres() -> Iterator[PostgresServerProcess]:
    """A server where the role ``careful`` must know its password; ``stranger`` may use nothing there."""
    with postgres_server() as server:
        server.sql(
            f"CREATE ROLE careful LOGIN PASSWORD '{PASSWORD}'", "CREATE ROLE stranger LOGIN", "GRANT app TO careful"
        )
        server.ask_for_the_password_of("careful")
        yield server


@pytest.fixture
def careful(careful_postgres: PostgresServerProcess) -> PostgresServerProcess:
    """That server, with nothing in its tables."""
    careful_postgres.empty()
    return careful_postgres


def with_password(server: PostgresServerProcess, name: str = "spring") -> str:
    return f"{server.url('careful', password=PASSWORD)}?lease=20#{name}"


def shows_no_password(ended: Ended) -> Ended:
    said = ended.out + ended.err
    assert not [piece for piece in PIECES if piece in said + ended.words]
    assert "Traceback" not in said
    return ended


def rows(exported: str) -> list[tuple[str, ...]]:
    """What is exported, but for what is another one with each gateway and at each time."""
    return [tuple(row[name] for name in SAID) for row in csv.DictReader(io.StringIO(exported))]


def test_all_commands_do_for_a_database_what_they_do_for_a_file_and_show_no_password(
    customersms: Commands, serve: Serve, careful: PostgresServerProcess
) -> None:
    """The file has a bad number and a repeated one, and one request's answer can't be read."""
    people = customersms.people(40)
    path = customersms.folder / people
    path.write_text(path.read_text() + "+1999,Nobody\n+12125550000,Person 0\n", encoding="utf-8")
    exported = []
    for ledger in ("spring.ledger", with_password(careful)):
        gateway, there = serve(faults={2: Fault.EMPTY_BODY})

        def run(*words: str, ledger: str = ledger, there: dict[str, str] = there) -> Ended:
            return shows_no_password(customersms(*words, "--ledger", ledger, "--log-level", "debug", **there))

        new = (people, "--message", "Hi", "--keep", "name")
        assert run("campaign", "status").status == 1
        assert run(*RUN, *new, "--dry-run").status == 0
        assert run("campaign", "status").status == 1, "a dry run makes none"
        stopped = run(*RUN, *new, "--max-recipients", "20", "--json")
        assert stopped.status == 4
        summary = json.loads(stopped.out.splitlines()[-1])["summary"]
        assert (summary["planned"], summary["accepted"], summary["unknown"], summary["skipped"]) == (20, 10, 10, 2)
        assert run("campaign", "pause", "--by", "Ann").status == 0
        refused = run(*RUN)
        assert refused.status == 4
        assert "Ann has paused it" in refused.words
        assert run("campaign", "resume", "--by", "Ann").status == 0
        assert json.loads(run("campaign", "status", "--json").out)["wanted"]["state"] == "run"
        assert run("campaign", "stop", "--by", "Ann").status == 0
        assert run("campaign", "resume", "--by", "Ann").status == 0
        assert run(*RUN).status == 3
        exported.append(rows(run("campaign", "export", "--format", "csv").out))
        whom = customersms.write("whom.txt", "+12125550010\n+13235550000\n")
        resolved = run("campaign", "resolve", "--phones", whom, "--as", "planned", "--by", "Ann")
        assert resolved.status == 1
        assert "1 recipient is planned from now on" in resolved.words
        assert "1 number is left out, the first is +13235550000" in resolved.words
        assert run("campaign", "resolve", "--status", "unknown", "--as", "accepted", "--by", "Ann").status == 0
        assert run(*RUN).status == 3, "a number is invalid"
        assert run("campaign", "report", "--html", "page.html").status == 0
        page = (customersms.folder / "page.html").read_text(encoding="utf-8")
        assert f"<h1>Campaign {'spring' if ledger.startswith('postgresql') else 'spring.ledger'}</h1>" in page
        assert not [piece for piece in PIECES if piece in page]
        assert len(run("campaign", "export", "--format", "jsonl", "--status", "accepted").out.splitlines()) == 40
        assert len(gateway.texts) == 41
    assert exported[0] == exported[1]
    assert len(exported[1]) == 42


def test_more_people_come_into_a_database_and_all_its_campaigns_are_listed(
    customersms: Commands, serve: Serve, careful: PostgresServerProcess
) -> None:
    gateway, there = serve()
    customersms.people(30)
    spring, summer = with_password(careful), with_password(careful, "summer")
    add = ("campaign", "add", customersms.write("more.csv", "phone\n+12125550000\n+13235550000\n"), "-m", "Hi", "--yes")
    process = customersms.start(*RUN, "people.csv", "-m", "Hi", "--ledger", spring, "--limit", "1/3600", **there)
    try:
        until(lambda: gateway.requests)
        ended = shows_no_password(customersms(*add, "--ledger", spring, "--by", "Ann"))
        assert ended.status == 0
        assert "1 recipient is added, and planned 1 is skipped: 1 DUPLICATE" in ended.words
        assert shows_no_password(customersms(*add, "--ledger", summer)).status == 0
        database = spring.partition("#")[0]
        listed = shows_no_password(customersms("campaign", "list", database, "--json"))
        first, second = map(json.loads, listed.out.splitlines())
        assert (first["name"], second["name"], second["wanted"], second["running"]) == (
            *("spring", "summer", "draft"),
            None,
        )
        assert first["running"]["by"].startswith(f"process {process.pid} on ")
        assert (second["planned"], second["skipped"]) == (2, 0)
        status = shows_no_password(customersms("campaign", "status", "--ledger", spring, "--json"))
        assert json.loads(status.out)["running"] == first["running"]
        assert "2 campaigns" in shows_no_password(customersms("campaign", "list", database)).words
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_the_command_to_go_on_lacks_the_password_which_may_come_from_elsewhere(
    customersms: Commands, serve: Serve, careful: PostgresServerProcess
) -> None:
    _, there = serve()
    ledger = with_password(careful, "a sale")
    begin = (*RUN, customersms.people(30), "--message", "Hi", "--max-recipients", "10")
    ended = shows_no_password(customersms(*begin, "--ledger", ledger, **there))
    shown = f"--ledger 'postgresql://careful@127.0.0.1:{careful.port}/app?lease=20#a sale'"
    assert f"customersms campaign run {shown}" in ended.words
    assert "have it in PGPASSWORD or in a password file, or put the whole of --ledger into CUSTOMERSMS_LEDGER" in (
        ended.words
    )
    again = shlex.split(shown)
    refused = shows_no_password(customersms(*RUN, *again, **there))
    assert refused.status == 1
    assert "see its password: in the URL, PGPASSWORD or a password file" in refused.words
    assert customersms("campaign", "status", *again, PGPASSWORD=PASSWORD).status == 0

    paused = shows_no_password(customersms("campaign", "pause", "--by", "Ann", CUSTOMERSMS_LEDGER=ledger))
    assert paused.status == 0
    refused = shows_no_password(customersms(*RUN, CUSTOMERSMS_LEDGER=ledger, **there))
    assert "customersms campaign resume && customersms campaign run --pace none --batch-size 10" in refused.words
    assert "password" not in refused.words, "the environment has it"
    resumed = shows_no_password(customersms("campaign", "resume", "--by", "Ann", CUSTOMERSMS_LEDGER=ledger))
    assert resumed.words.endswith("go on with it: customersms campaign run")
    resumed = shows_no_password(customersms("campaign", "resume", "--by", "Ann", "--ledger", ledger))
    assert f"go on with it: customersms campaign run {shown} The password of --ledger is not shown" in resumed.words
    assert customersms(*RUN, CUSTOMERSMS_LEDGER=ledger, **there).status == 0


@pytest.mark.parametrize(("word", "state"), [("pause", "paused"), ("stop", "stopped")])
def test_a_run_in_another_process_is_looked_at_and_ends_by_a_persons_word(
    customersms: Commands, serve: Serve, shared_postgres: PostgresServerProcess, word: str, state: str
) -> None:
    gateway, there = serve()
    ledger = ("--ledger", f"{shared_postgres.url()}#spring")
    begin = (*RUN, customersms.people(60), "--message", "Hi", "--json", "--limit", "2/3600")
    process = customersms.start(*begin, *ledger, **there)
    until(lambda: len(gateway.texts) >= 20)
    seen = json.loads(customersms("campaign", "status", *ledger, "--json").out)
    assert (seen["recipients"], seen["planned"], seen["wanted"]["state"]) == (60, 40, "run")
    second = customersms(*RUN, *ledger, **there)
    assert second.status == 1
    assert f"a campaign is running on it: process {process.pid} on " in second.words
    assert customersms("campaign", word, *ledger, "--by", "Ann Lee").status == 0
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4
    assert f"Ann Lee has {state} it, on " in " ".join(err.split())
    summary: dict[str, Any] = json.loads(out.splitlines()[-1])["summary"]
    assert (summary["stopped"], summary["planned"], summary["accepted"]) == (state, 40, 20)
    resume, run = summary["resume"].split(" && ")
    assert customersms(*shlex.split(resume)[1:]).status == 0
    assert (
        customersms(*[word for word in shlex.split(run)[1:] if word not in ("--limit", "2/3600")], **there).status == 0
    )
    assert gateway.duplicates() == ()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_records_what_is_in_flight_and_another_goes_on_at_once(
    customersms: Commands, serve: Serve, shared_postgres: PostgresServerProcess, number: signal.Signals
) -> None:
    hold = Hold(3)
    gateway, there = serve(faults=hold)
    ledger = ("--ledger", f"{shared_postgres.url()}?lease=3600#spring")
    process = customersms.start(*RUN, customersms.people(60), "--message", "Hi", *ledger, "--json", **there)
    assert hold.begun.wait(PATIENCE)
    process.send_signal(number)
    hold.goes_on.set()
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    summary = json.loads(out.splitlines()[-1])["summary"]
    assert (summary["interrupted"], summary["unknown"], summary["sending"]) == (True, 0, 0)
    assert summary["accepted"] == len(gateway.texts) == 30
    assert customersms(*shlex.split(summary["resume"])[1:], **there).status == 0
    assert len(gateway.texts) == 60
    assert gateway.duplicates() == ()


def test_a_run_whose_database_is_away_waits_for_it_and_ends_at_the_second_signal(
    customersms: Commands, serve: Serve
) -> None:
    hold = Hold(3)
    gateway, there = serve(faults=hold)
    with postgres_server() as server:
        ledger = ("--ledger", f"{server.url()}?lease=60#spring")
        short = (*RUN, "--json", "--timeout", "1")  # its deadline is soon over
        process = customersms.start(*short, customersms.people(60), "--message", "Hi", *ledger, **there)
        assert hold.begun.wait(PATIENCE)
        server.stop()
        hold.goes_on.set()
        assert process.stderr is not None
        said = ""
        while "is away, and nothing of it is sent until it is back" not in said:
            said += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        while "once more stops at once" not in said:
            said += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert "what became of 10 recipients could not be recorded" in " ".join(err.split())
        assert f"to go on, once it is back: customersms campaign run --ledger {shlex.quote(ledger[1])}" in err
        pause = f"customersms campaign pause --ledger {shlex.quote(ledger[1])}"
        assert f"so workers go on with it, once it is back. To keep them from that: {pause}" in err
        assert "Traceback" not in said + err
        server.start()
        server.sql("UPDATE customersms.campaign_hosts SET until_us = 0", database="app")  # its lease was not given back
        assert customersms(*RUN, *ledger, **there).status == 3
        seen = json.loads(customersms("campaign", "status", *ledger, "--json").out)
        assert (seen["accepted"], seen["unknown"], seen["codes"]) == (50, 10, {"unknown": {"INTERRUPTED": 10}})
    assert gateway.duplicates() == ()


@pytest.mark.parametrize(
    ("wrong", "status", "what"),
    [
        (lambda server: f"{server.url(database='nowhere')}#x", 1, "see the database's name, or have it made"),
        (lambda server: f"{server.url('nobody')}#x", 1, "see the user's name in the URL"),
        (lambda server: f"{server.url('careful', password='hush')}#x", 1, "see its password: in the URL, PGPASSWORD"),
        (lambda server: f"{server.url('stranger', 'postgres', 'hush')}#x", 1, "give customersms ledger migrate as one"),
        (lambda _: "postgresql://me:hush@127.0.0.1:9/app#x", 1, "try again once the server can be reached from here"),
        (lambda _: "postgresql://me:hush@no-host.invalid/app#x", 1, "try again once the server can be reached"),
        (lambda server: server.url(password="hush"), 2, "say which, as in postgresql://host/database#spring"),
        (lambda _: "postgresql://me:hu/hush@host/app#x", 2, "with a password's special characters percent-encoded"),
        (lambda _: "postgresql+psycopg://me:hush@host/app", 2, "such as postgresql://host/database#spring"),
    ],
)  # fmt: skip
def test_a_database_that_can_t_be_used_is_said_with_what_to_do(
    customersms: Commands,
    careful: PostgresServerProcess,
    wrong: Callable[[PostgresServerProcess], str],
    status: int,
    what: str,
) -> None:
    people = customersms.people(1)
    for command in (
        ("campaign", "status", "--json"),
        ("campaign", "pause", "--by", "Ann"),
        ("campaign", "export", "--format", "csv"),
        (*RUN, people, "--message", "Hi", "--sandbox", "--log-level", "debug"),
    ):
        ended = customersms(*command, "--ledger", wrong(careful))
        assert ended.status == status
        assert what in ended.words
        assert "hush" not in ended.out + ended.err
        assert "Traceback" not in ended.err
