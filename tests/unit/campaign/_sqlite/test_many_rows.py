"""Changes of many recipients in one statement: in the ledger is what one statement for each makes of it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async.campaign._sqlite import many_rows
from customersms_async.campaign._sqlite.schema import SCHEMA
from customersms_async.campaign.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from customersms_async.campaign._sqlite.ledger_repeats import RecipientRow

PEOPLE = 40
ATTEMPT = 7

alike = st.sampled_from(
    [(0, 1, State.PLANNED, "", None), (0, 1, State.PLANNED, "", None), (1, 2, State.PLANNED, "", None)]
)
refused = st.just((None, 0, State.SKIPPED, "INVALID_PHONE", "it has no +"))
added = st.lists(st.tuples(alike | refused, st.integers(1, 15)), min_size=1, max_size=8)
odd_ids = st.sampled_from(["msg_1", None, 'a"b', "é\\", "nul\0in it", "𝄞", ""])
fates = st.dictionaries(st.integers(0, PEOPLE), st.tuples(st.booleans(), odd_ids), min_size=20)
"""Whether each is sent to, and the id of the text in the answer."""


def rows(kinds: Sequence[tuple[Any, int]]) -> list[RecipientRow]:
    found: list[RecipientRow] = []
    for (text, segments, state, code, error), count in kinds:
        for number in range(len(found), len(found) + count):
            phone = f"+1212555{number:04}" if state == State.PLANNED else f"555\0{number}"
            found.append((number, phone, text, segments, state, code, error, 5))
    return found


def changed(
    people: Sequence[RecipientRow], sent_to: Sequence[int], answered: Mapping[int, str | None]
) -> tuple[int, int, list[Any], list[Any]]:
    """How many were moved, and what is in the tables in the end."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(SCHEMA)
    db.executemany("INSERT INTO suppressed VALUES (?, '', 0)", [("+12125550003",)])
    many_rows.add(db, people)
    begun = many_rows.begin(db, (State.SENDING, ATTEMPT, 6), sent_to)
    ended = many_rows.end(db, (State.ACCEPTED, "", None), answered, ATTEMPT, 8)
    tables = [db.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in ("recipients", "counts")]  # noqa: S608
    db.close()
    return begun, ended, tables[0], tables[1]


@given(added, fates)
def test_one_statement_does_what_one_for_each_does(
    kinds: list[tuple[Any, int]], fates: dict[int, tuple[bool, str | None]]
) -> None:
    people = rows(kinds)
    sent_to = [number for number, (sent, _) in fates.items() if sent]
    answered = {number: message_id for number, (_, message_id) in fates.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many_rows, "TAKES_LISTS", False)
        one_by_one = changed(people, sent_to, answered)
    if many_rows.TAKES_LISTS:
        assert changed(people, sent_to, answered) == one_by_one
    assert one_by_one[2] == sorted(one_by_one[2])


def test_the_numbers_may_be_a_range() -> None:
    begun, ended, _, _ = changed(rows([((0, 1, State.PLANNED, "", None), 20)]), range(2, 9), {4: "x", 5: None, 19: "y"})
    assert (begun, ended) == (6, 2), "one of seven is suppressed; one of three was not sent to"
