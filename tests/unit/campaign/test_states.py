"""The states as one table: every move in it works, every other raises, in Python as in the file."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing

import pytest

from customersms_async.campaign.states import (
    ANSWERS,
    LATE,
    ONLY_AFTER_AN_ATTEMPT,
    ONLY_WITH_CODE,
    SAYS,
    SKIPS,
    STATUSES,
    TRANSITIONS,
    ImpossibleTransitionError,
    RecipientEvent,
    State,
    after,
    diagram,
    late,
)
from customersms_async.models import Code, Status
from support.empty_ledgers import empty_ledger
from support.places import DOCS

PAGE = DOCS / "campaigns.md"
PAIRS = {(state, to) for (state, _), to in TRANSITIONS.items() if state is not None}


@pytest.mark.parametrize(("state", "event"), list(itertools.product([None, *State], RecipientEvent)))
def test_a_move_that_is_not_in_the_table_raises(state: State | None, event: RecipientEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(ImpossibleTransitionError, match="can't move on"):
            after(state, event)


@pytest.mark.parametrize(("state", "to"), list(itertools.permutations(State, 2)))
def test_the_file_itself_refuses_such_a_move(state: State, to: State) -> None:
    connection = with_one(state, "")
    if (state, to) in PAIRS - ONLY_WITH_CODE.keys() - ONLY_AFTER_AN_ATTEMPT:
        connection.execute("UPDATE recipients SET state = ?", (to,))
        assert connection.execute("SELECT * FROM counts WHERE recipients > 0").fetchall() == [(to, "", 1, 1)]
    else:
        with pytest.raises(sqlite3.IntegrityError, match="no such move"):
            connection.execute("UPDATE recipients SET state = ?", (to,))
    connection.close()


def with_one(state: State, code: str, *, attempts: int = 0) -> sqlite3.Connection:
    """A ledger with one recipient, in this state and with this code, after so many attempts."""
    connection = empty_ledger()
    connection.execute(
        "INSERT INTO recipients (id, phone, segments, state, code, updated_us, attempts, attempt_id)"
        " VALUES (0, '+12125551234', 1, ?, ?, 0, ?, ?)",
        (state, code, attempts, attempts or None),
    )
    connection.execute("INSERT INTO counts VALUES (?, ?, 1, 1)", (state, code))
    return connection


@pytest.mark.parametrize("code", ["", *Code])
def test_the_file_lets_nobody_who_is_skipped_be_planned_but_for_a_cap_a_time_or_a_zone(code: str) -> None:
    connection = with_one(State.SKIPPED, code)
    plan = "UPDATE recipients SET state = 'planned', code = ''"
    if code in {Code.CAPPED, Code.EXPIRED, Code.NO_ZONE}:
        connection.execute(plan)
        assert connection.execute("SELECT * FROM counts WHERE recipients > 0").fetchall() == [("planned", "", 1, 1)]
    else:
        with pytest.raises(sqlite3.IntegrityError, match="no such move"):
            connection.execute(plan)
    connection.close()


@pytest.mark.parametrize("code", ["", *Code])
def test_the_file_lets_nobody_be_rejected_late_but_who_was_cut_off(code: str) -> None:
    connection = with_one(State.UNKNOWN, code, attempts=1)
    reject = "UPDATE recipients SET state = 'rejected'"
    if code == Code.INTERRUPTED:
        connection.execute(reject)
    else:
        with pytest.raises(sqlite3.IntegrityError, match="no such move"):
            connection.execute(reject)
    connection.close()


def test_the_file_lets_nobody_planned_be_accepted_whom_no_request_was_about_to_reach() -> None:
    accept = "UPDATE recipients SET state = 'accepted'"
    with closing(with_one(State.PLANNED, "", attempts=1)) as connection:
        connection.execute(accept)
    for half in ("attempts = 0", "attempt_id = NULL"):
        with closing(with_one(State.PLANNED, "", attempts=1)) as connection:
            connection.execute(f"UPDATE recipients SET {half}")  # noqa: S608
            with pytest.raises(sqlite3.IntegrityError, match="no such move"):
                connection.execute(accept)


@pytest.mark.parametrize("table", ["additions", "doubles", "input", "texts", "attempts", "answers", "resolutions"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET rowid = 7", "DELETE FROM {}"])
def test_what_is_only_appended_can_not_be_changed(table: str, statement: str) -> None:
    connection = empty_ledger()
    columns = connection.execute(f"SELECT count(*) FROM pragma_table_info('{table}')").fetchone()[0]  # noqa: S608
    connection.execute(f"INSERT INTO {table} VALUES ({', '.join('1' * columns)})")  # noqa: S608
    with pytest.raises(sqlite3.IntegrityError, match="only ever appended"):
        connection.execute(statement.format(table))
    connection.close()


def test_every_status_of_an_attempt_moves_a_recipient_on() -> None:
    assert set(ANSWERS) == set(Status)
    assert {after(State.SENDING, event) for event in ANSWERS.values()} == {
        State.ACCEPTED, State.REJECTED, State.UNKNOWN, State.PLANNED,
    }  # fmt: skip
    assert set(STATUSES) == set(State)


def test_only_a_person_moves_anyone_on_from_an_end_or_a_late_answer_who_was_unknown() -> None:
    ends = {State.ACCEPTED, State.REJECTED, State.UNKNOWN, State.SKIPPED}
    moves = {(state, event) for state, event in TRANSITIONS if state in ends}
    proven = {(State.UNKNOWN, event) for event in LATE.values()}
    assert moves > proven
    said = {event for _, event in moves - proven}
    assert said == {RecipientEvent.FOUND_ACCEPTED, RecipientEvent.SEND_AGAIN, RecipientEvent.SEND_LATER}
    assert said == {choice.event for choices in SAYS.values() for choice in choices.values()}


@pytest.mark.parametrize("code", [None, "", *Code])
@pytest.mark.parametrize(("state", "status"), list(itertools.product(State, Status)))
def test_a_late_answer_moves_nobody_but_who_was_cut_off_or_planned_again_and_has_it(
    state: State, status: Status, code: str | None
) -> None:
    event = late(state, code, status)
    if state is State.UNKNOWN and code == Code.INTERRUPTED and status is not Status.UNKNOWN:
        assert event is LATE[status]
        assert after(state, event) is after(State.SENDING, ANSWERS[status]), "as if it had come in time"
    elif state is State.PLANNED and status is Status.ACCEPTED:
        assert event is not None
        assert after(state, event) is State.ACCEPTED
    else:
        assert event is None


def test_nobody_is_planned_again_but_by_proof_that_nothing_was_sent_or_by_a_person() -> None:
    assert {event for (state, event), to in TRANSITIONS.items() if to is State.PLANNED and state is not None} == {
        RecipientEvent.UNSENT, RecipientEvent.LATE_UNSENT, RecipientEvent.SEND_AGAIN, RecipientEvent.SEND_LATER,
    }  # fmt: skip


def test_what_a_person_may_say_is_in_the_table() -> None:
    for becomes, choices in SAYS.items():
        for word, choice in choices.items():
            assert TRANSITIONS[choice.state, choice.event] is becomes
            assert word == (choice.code.lower() or choice.state), "people choose by the word that they read"
            assert choice.code in ONLY_WITH_CODE.get((choice.state, becomes), ("",))
        for (state, to), codes in ONLY_WITH_CODE.items():
            if to is becomes:
                assert {choice.code for choice in choices.values() if choice.state is state} == set(codes)
    assert {SAYS[state].keys() >= {"unknown"} for state in (State.ACCEPTED, State.PLANNED)} == {True}


def test_whoever_is_skipped_in_a_run_was_planned() -> None:
    assert {after(State.PLANNED, event) for event in SKIPS.values()} == {State.SKIPPED}
    assert set(SKIPS) == {Code.CAPPED, Code.SUPPRESSED, Code.EXPIRED, Code.NO_ZONE}


def test_the_diagram_of_the_docs_is_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in PAGE.read_text(encoding="utf-8")
