"""``customersms suppress``, as it is typed: the user's own list, another one, and files that are imported."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import SQLiteSuppression
from support.typed_command import Typed, typed

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.suppression import SuppressionEntry

ANN, BEN, CARA, SHOP = "+12125551234", "+442071838750", "+4915112345678", "+18885550100"


class Person:
    """Somebody with a folder, who types ``customersms suppress``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own = folder / "state" / "customersms" / "suppressed.db"

    def __call__(self, *arguments: str, status: int = 0, **more: Any) -> Typed:
        ended = typed("suppress", *arguments, folder=self.folder, **more)
        assert ended.status == status, ended.words
        return ended

    def write(self, *lines: str, name: str = "log.csv") -> str:
        path = self.folder / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)

    def entries(self, path: Path | None = None) -> list[SuppressionEntry]:
        async def ask() -> list[SuppressionEntry]:
            async with SQLiteSuppression(path or self.own) as store:
                return await store.entries()

        return asyncio.run(ask())

    def suppressed(self) -> set[str]:
        """Whom a client would not text that is given this list."""

        async def ask() -> frozenset[str]:
            async with SQLiteSuppression(self.own) as store:
                return await store.suppressed([ANN, BEN, CARA, SHOP])

        return set(asyncio.run(ask()))


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_numbers_are_added_shown_and_removed_and_nothing_is_forgotten(person: Person) -> None:
    assert person("list").words == "0 numbers on the list"
    assert not person.own.exists()
    assert person("remove", ANN).words == "taken off the list: 0, not on it: 1"
    assert not person.own.exists()
    assert person("add", "+1 212 555 1234", BEN, ANN, "--why", "a call", "--by", "Cara").words == "added to the list: 2"
    assert person("add", ANN, CARA).words == "added to the list: 1, 1 there already"
    assert person.suppressed() == {ANN, BEN, CARA}
    assert person("remove", BEN, "--by", "Dan").words == "taken off the list: 1"
    shown = person("list").out.splitlines()
    assert [line.split()[0] for line in shown] == [ANN, CARA, "2"]
    assert shown[0].endswith("added a call (Cara)")
    history = person("list", BEN).out.splitlines()
    assert [line.split()[3] for line in history[:2]] == ["added", "removed"]
    assert history[2] == f"{BEN} is not on the list"
    assert f"{ANN} is on the list" in person("list", ANN).words
    assert [(entry.phone, entry.why, entry.by) for entry in person.entries()] == [
        (ANN, "a call", "Cara"),
        (BEN, "a call", "Cara"),
        (CARA, "", ""),
        (BEN, "", "Dan"),
    ]


def test_programs_get_lines_of_json(person: Person) -> None:
    place = str(person.own)
    assert json.loads(person("list", "--json").out) == {"suppressed": 0, "list": None}
    assert json.loads(person("add", ANN, BEN, "--json").out) == {"added": 2, "already": 0, "list": place}
    assert json.loads(person("remove", BEN, CARA, "--json").out) == {"removed": 1, "absent": 1, "list": place}
    one, summary = map(json.loads, person("list", "--json").out.splitlines())
    assert one == {"phone": ANN, "time": one["time"], "kind": "added", "why": "", "by": ""}
    assert summary == {"suppressed": 1, "list": place}
    kinds = [json.loads(line).get("kind") for line in person("list", BEN, "--json").out.splitlines()]
    assert kinds == ["added", "removed", None]


def test_the_list_and_its_folder_are_for_the_user_alone(person: Person) -> None:
    person("add", ANN)
    assert (person.own.stat().st_mode & 0o777, person.own.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_one_number_that_is_none_leaves_the_list_as_it_is(person: Person) -> None:
    assert "is not a phone number" in person("add", ANN, "0151 12345678", status=2).words
    assert not person.own.exists()
    person("add", ANN, "0151 12345678", "--region", "DE")
    assert person.suppressed() == {ANN, CARA}


def test_another_list_can_be_named_and_is_made_by_additions_only(person: Person) -> None:
    other = person.folder / "other.db"
    for command in (("list",), ("remove", ANN), ("list", ANN)):
        assert f"there is no file {other}" in person(*command, "--list", str(other), status=2).words
    assert not other.exists()
    person("add", ANN, "--list", str(other))
    assert [entry.phone for entry in person.entries(other)] == [ANN]
    assert not person.own.exists()
    (person.folder / "words.db").write_text("no list, and longer than the shortest database that there can be\n" * 20)
    assert "is not a suppression list" in person("list", "--list", str(person.folder / "words.db"), status=1).words


@pytest.mark.parametrize(
    "address",
    [
        "redis://:hush@host/0",
        "postgresql:/me:hush@host/app",
        "postgres:me:hush@host/app",
        "postgresql://me:hu/sh@host/app",
        "host=db password=hush dbnam=app",
    ],
)
def test_an_address_that_leads_to_no_list_is_refused_without_its_password(person: Person, address: str) -> None:
    for command in (("add", ANN), ("remove", ANN), ("list",), ("import", person.write(ANN))):
        assert "hu" not in person(*command, "--list", address, status=2).words


def test_words_of_others_do_nothing_to_a_terminal(person: Person) -> None:
    evil = "\x1b[2J\u202e[bold]x[/bold]\n+19995550000 2026"
    person("add", ANN, "--why", evil, "--by", evil)
    log = person.write("From,Body", f'{BEN},"STOP \x1b]0;x\x07 \u202e and more"', f"{CARA},\x1b\u200bSTOP\x9b")
    shown = person("list").out + person("list", ANN).out + person("import", log, "--stops", "--yes").out
    assert not set(shown) & set("\x1b\x07\u202e\x9b")
    assert r"\x1b[2J\u202e[bold]x[/bold]\n+19995550000" in shown
    assert len(person("list").out.splitlines()) == 3


def test_a_list_of_numbers_is_imported_once_a_person_agrees(person: Person) -> None:
    people = person.write("phone", ANN, BEN, ANN, name="stop.csv")
    words = person("import", people, status=2).words
    assert "to be suppressed: 2, on the list already: 0 +12***34, +44***50" in words
    assert words.endswith("nothing was changed: there is nobody to ask, so add --yes")
    assert ANN not in words
    assert not person.own.exists()
    assert person("import", people, "--yes", "--by", "Ann").words.endswith("added to the list: 2")
    assert {(entry.why, entry.by) for entry in person.entries()} == {("listed in stop.csv", "Ann")}
    assert "on the list already: 2" in person("import", people).words, "there is nothing to ask about"
    piped = person("import", "-", "--yes", "--why", "the CRM", typing=f"{CARA}\n").words
    assert piped == "to be suppressed: 1, on the list already: 0 +49***78 added to the list: 1"
    assert person.entries()[-1].why == "the CRM"
    person.write(f"phone,status\n{ANN},subscribed\n{BEN},unsubscribed", name="stop.csv")
    assert "may be meant" in person("import", people, "--yes", status=2).words
    assert "go with --stops" in person("import", people, "--take-doubtful", status=2).words


LOG = (
    "From,To,Body,Date,Direction",
    f"{ANN},{SHOP},STOP,2026-11-01T10:00Z,inbound",
    f"{BEN},{SHOP},stop it at last,2026-11-01T10:00Z,inbound",
    f"{CARA},{SHOP},stop,2026-11-01T10:00Z,inbound",
    f"{CARA},{SHOP},START,2026-11-02T10:00Z,inbound",
    f"+390612345678,{SHOP},hello,2026-11-02T10:00Z,inbound",
    f"{SHOP},{ANN},Reply STOP to leave,2026-11-02T10:00Z,outbound-api",
    f"{SHOP},{SHOP},STOP,2026-11-02T10:00Z,inbound",
)


def test_whoever_replied_stop_is_imported_and_everything_else_is_shown(person: Person) -> None:
    log = person.write(*LOG)
    words = person("import", log, "--stops", status=2).words
    assert not person.own.exists()
    for said in (
        "to be suppressed: 1, on the list already: 0",
        'line 2: +12***34 "STOP"',
        "doubtful, as they begin with such a word and say more: 1, not taken unless --take-doubtful is given",
        'line 3: +44***50 "stop it at last"',
        "not taken, as they wrote START or the like last: 1",
        "not taken: 1 reply that says something else",
        "texts that went out, passed over: 1",
        "your own numbers, never taken: 1",
    ):
        assert said in words
    assert not any(number in words for number in (ANN, BEN, CARA, SHOP))
    person("add", CARA)
    words = person("import", log, "--stops", "--yes").words
    assert "of whom on the list: 1; customersms suppress remove takes them off" in words
    assert person.suppressed() == {ANN, CARA}
    assert person.entries()[-1].why == "replied in log.csv"
    summary = json.loads(person("import", log, "--stops", "--yes", "--take-doubtful", "--json").out.splitlines()[-1])
    assert summary == {
        "added": 1,
        "already": 1,
        "remarks": [],
        "doubtful": [{"line": 3, "phone": BEN, "text": "stop it at last"}],
        "doubtful_taken": True,
        "took_back": [{"line": 5, "phone": CARA, "text": "START"}],
        "unordered": 0,
        "other": 1,
        "went_out": 1,
        "without_number": 0,
        "own": [SHOP],
        "list": str(person.own),
    }
    assert person.suppressed() == {ANN, BEN, CARA}


def test_long_logs_are_shown_by_examples(person: Person) -> None:
    rows = [f"+1212555{number:04d},stop {'x' * 100}," for number in range(30)]
    log = person.write("From,Body,Date", *rows, f"{BEN},STOP,", f"{BEN},START,")
    words = person("import", log, "--stops", "--yes").words
    assert words.count("line ") == 11
    assert "…; --json has all of them" in words
    assert "xxx…" in words
    assert "x" * 61 not in words
    assert "taken, as the log does not say whether START or the like came later: 1" in words


def test_a_list_of_many_is_shown_whole(person: Person) -> None:
    phones = [f"+1212{number:07d}" for number in range(2_000_000, 2_002_500)]
    person("import", person.write("phone", *phones, name="many.csv"), "--yes")
    shown = person("list").out.splitlines()
    assert [line.split()[0] for line in shown] == [*phones, "2,500"]
    assert json.loads(person("list", "--json").out.splitlines()[-1])["suppressed"] == 2_500


def test_a_folder_that_can_t_be_made_is_said(person: Person) -> None:
    (person.folder / "state").write_text("a file")
    words = person("add", ANN, status=2).words
    assert "the folder for suppressed numbers can't be made" in words
    assert "see --list" in words
