"""What is wanted, as one table: every move in it works, every other raises, in Python as in the file."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing

import pytest

from customersms_async.campaign.wanted_states import (
    GUARDED,
    NOT_AFTER_A_PERSON,
    TRANSITIONS,
    WORDS,
    ImpossibleWantedTransitionError,
    Wanted,
    WantedBy,
    WantedEvent,
    after,
    diagram,
)
from support.empty_ledgers import empty_ledger
from support.places import DOCS

PAGE = DOCS / "campaigns.md"


@pytest.mark.parametrize("guard", ["", "until"])
@pytest.mark.parametrize(("state", "event"), list(itertools.product([None, *Wanted], WantedEvent)))
def test_a_move_that_is_not_in_the_table_raises(state: Wanted | None, event: WantedEvent, guard: str) -> None:
    if (state, event) in TRANSITIONS and (guard or (state, event) not in NOT_AFTER_A_PERSON):
        assert after(state, event, guard=guard) is TRANSITIONS[state, event].to
    else:
        with pytest.raises(ImpossibleWantedTransitionError, match="can't move on"):
            after(state, event, guard=guard)


def with_wish(state: Wanted | None, guard: str) -> sqlite3.Connection:
    """A ledger in which this is wanted, however it came to that."""
    connection = empty_ledger()
    if state is not None:
        (trigger,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'moves_of_what_is_wanted'"
        ).fetchone()
        connection.execute("DROP TRIGGER moves_of_what_is_wanted")
        connection.execute("INSERT INTO wanted VALUES (7, 0, ?, 'added', '', ?, '', 1)", (state, guard))
        connection.execute(trigger)
    return connection


INSERT = "INSERT INTO wanted (at_us, state, event, by, guard, why, terms_id) VALUES (1, ?, ?, 'Ann', ?, '', ?)"


@pytest.mark.parametrize("guard", ["", "until"])
@pytest.mark.parametrize(("state", "event"), list(itertools.product([None, *Wanted], WantedEvent)))
def test_the_file_itself_refuses_such_a_move(state: Wanted | None, event: WantedEvent, guard: str) -> None:
    move = TRANSITIONS.get((state, event))
    possible = move is not None and (guard != "" or (state, event) not in NOT_AFTER_A_PERSON)
    for to in Wanted:
        with closing(with_wish(state, guard)) as connection:
            values = (to, event, "until" if event in GUARDED else "", 1)
            if possible and move is not None and to is move.to:
                connection.execute(INSERT, values)
                assert connection.execute("SELECT max(id) FROM wanted WHERE state = ?", (to,)).fetchone() != (None,)
            else:
                with pytest.raises(sqlite3.IntegrityError, match="nothing in the ledger leads to wanting that"):
                    connection.execute(INSERT, values)


@pytest.mark.parametrize(
    "values",
    [
        (Wanted.RUN, WantedEvent.BEGUN, "", None),  # without terms
        (Wanted.PAUSED, WantedEvent.PAUSE, "until", 1),  # a person is no guard
        (Wanted.RUN, WantedEvent.BEGUN, "until", 1),
    ],
)
def test_the_file_refuses_a_run_without_terms_and_a_guard_where_there_was_none(values: tuple[object, ...]) -> None:
    with closing(with_wish(Wanted.DRAFT, "")) as connection, pytest.raises(sqlite3.IntegrityError, match="leads to"):
        connection.execute(INSERT, values)


def test_the_file_refuses_a_guards_stop_that_names_no_guard() -> None:
    with closing(with_wish(Wanted.RUN, "")) as connection, pytest.raises(sqlite3.IntegrityError, match="leads to"):
        connection.execute(INSERT, (Wanted.STOPPED, WantedEvent.GUARD, "", 1))


def test_the_file_refuses_a_change_that_is_put_before_others() -> None:
    with closing(with_wish(Wanted.DRAFT, "")) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="leads to"):
            connection.execute("INSERT INTO wanted VALUES (3, 0, 'draft', 'added', '', '', '', 1)")
        assert connection.execute("SELECT count(*) FROM wanted").fetchone() == (1,)


@pytest.mark.parametrize("statement", ["UPDATE {} SET at_us = 7", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["wanted", "terms"])
def test_no_change_is_ever_overwritten(table: str, statement: str) -> None:
    with closing(with_wish(Wanted.DRAFT, "")) as connection:
        connection.execute("INSERT INTO terms VALUES (1, 0, '{}')")
        with pytest.raises(sqlite3.IntegrityError, match="only ever appended"):
            connection.execute(statement.format(table))


def test_only_a_person_leads_out_of_what_a_person_said() -> None:
    for (state, event), move in TRANSITIONS.items():
        if state is Wanted.PAUSED or (state is Wanted.STOPPED and (state, event) not in NOT_AFTER_A_PERSON):
            assert move.by is WantedBy.PERSON


def test_only_a_run_that_begins_or_a_person_leads_to_run_or_what_a_run_did_not_know_when_it_ended() -> None:
    makers = {move.by: state for (state, _), move in TRANSITIONS.items() if move.to is Wanted.RUN}
    assert set(makers) == {WantedBy.RUN_THAT_BEGINS, WantedBy.PERSON, WantedBy.LATE_ANSWER}
    assert makers[WantedBy.LATE_ANSWER] is Wanted.DONE


def test_a_person_can_pause_and_stop_it_whatever_is_wanted() -> None:
    for state in Wanted:
        for event, to in ((WantedEvent.PAUSE, Wanted.PAUSED), (WantedEvent.STOP, Wanted.STOPPED)):
            assert state is to or TRANSITIONS[state, event].to is to


def test_each_event_has_one_who_makes_it_and_words() -> None:
    makers = {event: {move.by for (_, each), move in TRANSITIONS.items() if each is event} for event in WantedEvent}
    assert {len(by) for by in makers.values()} == {1}
    assert set(WORDS) == set(WantedEvent)
    assert {by for each in makers.values() for by in each} == set(WantedBy)


def test_the_diagram_of_the_docs_is_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in PAGE.read_text(encoding="utf-8")
