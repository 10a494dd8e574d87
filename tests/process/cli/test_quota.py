"""``--quota`` and ``customersms quota``: what one run used, the next one sees."""

from __future__ import annotations

import json
import re
import socket
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from customersms_async.cli.campaign.ledger_place import read_ledger_place
from customersms_async.cli.campaign.resume_hints import hints, resume_command
from customersms_async.cli.quota import note, place
from customersms_async.models import Limit
from support.command import KEY, Commands
from support.typed_command import typed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

A, B = "+12125551234", "+13235554567"
KEYED = {"CUSTOMERSMS_API_KEY": KEY}


def used(customersms: Commands, *options: str) -> list[int]:
    """What ``customersms quota`` says is used, limit by limit."""
    ended = customersms("quota", "--json", *options, **KEYED)
    assert (ended.status, ended.err) == (0, "")
    return [one["used"] for one in json.loads(ended.out)["limits"]]


def test_a_quota_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "nofile.sqlite"
    ended = typed("quota", "--quota", str(path), folder=tmp_path)
    said = f"no quota is kept in {path}, as there is no such file: see "
    assert (ended.status, f"{said}--quota" in ended.words) == (2, True), ended.words
    ended = typed("quota", folder=tmp_path, CUSTOMERSMS_QUOTA=str(path))
    assert (ended.status, f"{said}CUSTOMERSMS_QUOTA" in ended.words) == (2, True), ended.words
    assert list(tmp_path.iterdir()) == []


def test_the_user_s_own_quota_before_the_first_send_is_unused_and_not_made(tmp_path: Path) -> None:
    ended = typed("quota", "--json", folder=tmp_path)
    assert [one["used"] for one in json.loads(ended.out)["limits"]] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("estimate",), ("send", "--dry-run"), ("estimate", "--cap", "1/60")])
def test_a_preview_makes_no_quota(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "later.sqlite"
    ended = typed(*command, A, "--message", "Hi", "--quota", str(path), folder=tmp_path)
    assert ended.status == 0, ended.words
    assert list(tmp_path.iterdir()) == []


def test_what_one_run_used_the_next_one_sees(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    assert used(customersms) == [0, 0, 0]
    began = time.monotonic()
    for _ in range(2):
        assert customersms("send", A, "--message", "Hi", **there).status == 0
    minute, *longer = used(customersms)
    ended = customersms("quota", **KEYED)
    took = time.monotonic() - began
    assert longer == [2, 2]
    assert ended.status == 0
    for line in ("limit used free next token", "5,000 in 1 h 2 4,998", "50,000 in 1 d 2 49,998"):
        assert line in ended.words
    found = re.search(r"100 in 1 min (\d) (\d+) (1 min)?(\d*)", ended.words)
    assert found is not None
    if took < 60:  # all of these commands
        assert (minute, found[1], found[2]) == (2, "2", "98")
        assert 58 - took <= (60 if found[3] else int(found[4])) <= 60
    assert "shared with all runs and programs that keep it in ~/state/customersms/quota.sqlite." in ended.words


def test_the_file_and_its_folder_are_the_users_alone(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    assert customersms("send", A, "--message", "Hi", **there).status == 0
    folder = customersms.folder / "state" / "customersms"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "quota.sqlite").stat().st_mode) == 0o600
    for path in folder.iterdir():
        assert KEY.encode() not in path.read_bytes()


def test_an_estimate_counts_what_is_used(customersms: Commands, serve: Serve) -> None:
    _, there = serve()

    def seconds(**changes: str) -> float:
        ended = customersms("estimate", A, B, "--message", "Hi", "--limit", "1/600", "--json", **changes)
        found: dict[str, Any] = json.loads(ended.out)
        return float(found["seconds"])

    assert seconds(**there) == 0.0
    customersms("send", A, "--message", "Hi", "--limit", "1/600", **there)
    assert 500 < seconds(**there) < 601
    assert seconds() == 0.0, "without a key, as if nothing were used"


def test_another_file_is_another_quota_and_memory_is_the_runs_own(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms("send", A, "--message", "Hi", "--quota", "team.sqlite", **there)
    customersms("send", A, "--message", "Hi", "--quota", "memory", **there)
    assert used(customersms) == [0, 0, 0]
    assert used(customersms, "--quota", "team.sqlite") == [1, 1, 1]
    assert used(customersms, "--quota", "memory") == [0, 0, 0]
    assert "counted for this run alone" in customersms("quota", "--quota", "memory", **KEYED).words


def test_limits_are_shown_as_given(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    another = there | {"CUSTOMERSMS_API_KEY": "cspro_another"}
    assert customersms("send", A, "--message", "Hi", "--quota", "q.sqlite", **another).status == 1, "it is refused"
    ended = customersms("quota", "--json", "--limit", "7/2.5", "--limit", "9/60", "--quota", "q.sqlite", **KEYED)
    assert json.loads(ended.out) == {
        "limits": [
            {"limit": {"requests": n, "seconds": s}, "used": 0, "free": n, "next_token_seconds": 0.0}
            for n, s in ((7, 2.5), (9, 60))
        ],
        "paused_seconds": 0.0,
        "quota": str(customersms.folder / "q.sqlite"),
    }


def test_a_quota_is_a_keys(customersms: Commands) -> None:
    ended = customersms("quota")
    assert (ended.status, ended.out) == (2, "")
    assert "CUSTOMERSMS_API_KEY" in ended.words


def test_a_pause_is_shown(customersms: Commands, serve: Serve) -> None:
    _, there = serve(limits=(Limit(1, 3_000),))
    customersms("send", A, "--message", "Hi", "--limit", "9/3000", **there)
    ended = customersms.start("send", A, "--message", "Hi", "--limit", "9/3000", **there)
    try:
        for _ in range(200):
            shown = customersms("quota", "--limit", "9/3000", **there).words
            if "paused by the gateway for another" in shown:
                return
    finally:
        ended.kill()
        ended.communicate()
    raise AssertionError(shown)


@pytest.mark.parametrize(
    "command", [("quota",), ("send", A, "--message", "Hi"), ("estimate", A, "--message", "Hi")], ids=" ".join
)
def test_a_quota_that_can_not_be_asked_is_an_error_and_sends_nothing(
    customersms: Commands, serve: Serve, command: tuple[str, ...]
) -> None:
    gateway, there = serve()
    (customersms.folder / "text.sqlite").write_text("this is no quota\n" * 100)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        ended = customersms(*command, "--quota", f"redis://:secret@127.0.0.1:{nobody.getsockname()[1]}/0", **there)
        assert ended.status == 1
        assert "the quota's Redis server can't be used" in ended.words
        assert "secret" not in ended.out + ended.err
    ended = customersms(*command, "--quota", "text.sqlite", **there)
    assert ended.status == 1
    assert "text.sqlite" in ended.words
    assert gateway.requests == 0


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("memory", "memory"),
        ("redis://user:secret@host:6380/3", "redis://host:6380/3"),
        ("rediss://host", "rediss://host"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_place_is_shown_without_its_password(where: str, shown: str) -> None:
    assert place(where) == shown
    assert "secret" not in note(where)


def test_a_campaign_counts_on_the_same_quota(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    run = ("campaign", "run", customersms.people(3), "--message", "Hi", "--yes", "--batch-size", "1")
    assert customersms(*run, "--ledger", "one.ledger", **there).status == 0
    assert used(customersms) == [3, 3, 3]
    assert customersms(*run, "--ledger", "two.ledger", "--quota", "memory", **there).status == 0
    assert used(customersms) == [3, 3, 3]


@pytest.mark.parametrize(
    "url", ["redis://:hush@127.0.0.1:9/0", "redis://:hu/hush@127.0.0.1:9/0", "postgres://u:hush@h/x", "REDIS://:hush@h"]
)
def test_a_password_is_shown_nowhere(customersms: Commands, url: str) -> None:
    people = customersms.people(2)
    for command in (
        ("quota",),
        ("send", A, "-m", "x"),
        ("campaign", "run", people, "-m", "x", "--ledger", "l", "--yes", "--json", "--log-level", "debug"),
    ):
        for named in ({"CUSTOMERSMS_QUOTA": url}, {}):
            ended = customersms(*command, *(() if named else ("--quota", url)), **KEYED, **named)
            assert ended.status != 0
            assert "hush" not in ended.out + ended.err
            assert "Traceback" not in ended.err


def test_the_command_to_go_on_names_the_variable_of_a_url_with_a_password() -> None:
    made = typer.Typer()
    found: list[str] = []

    @made.command()
    def run(context: typer.Context, quota: str = "", url: str = "", ledger: str = "") -> None:
        found.append(resume_command(context))

    CliRunner().invoke(made, ["--quota", "redis://:hush@h", "--url", "https://h/", "--ledger", "a b"], prog_name="x")
    assert found == ["x --quota \"$CUSTOMERSMS_QUOTA\" --url https://h/ --ledger 'a b'"]
    assert hints(found[0], read_ledger_place("a b")) == [
        "Put what --quota was, into CUSTOMERSMS_QUOTA: it is not shown, as it holds a password"
    ]


@pytest.mark.parametrize(
    "shared", ["postgresql://u:hush@h/app", "postgresql://h/app?password=hush", "host=h password=hush"]
)
def test_the_command_to_go_on_does_not_show_the_password_of_a_list(shared: str) -> None:
    made = typer.Typer()
    found: list[str] = []

    @made.command()
    def run(context: typer.Context, suppression_list: str = "") -> None:
        found.append(resume_command(context))

    for named in (shared, "people.db", "none"):
        CliRunner().invoke(made, ["--suppression-list", named], prog_name="x")
    assert found == [f"x --suppression-list {shown}" for shown in ('"$SUPPRESSION_LIST"', "people.db", "none")]
    assert hints(found[0], read_ledger_place("a b")) == [
        "Put what --suppression-list was, into SUPPRESSION_LIST: it is not shown, as it holds a password"
    ]
