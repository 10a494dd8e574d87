"""The rule of idempotency stores, move by move."""

from __future__ import annotations

import msgspec
import pytest

from customersms_async._core.buckets import GRACE_US
from customersms_async._core.idempotency_record import (
    SPENT_US,
    UNSENT_AFTER_US,
    Claim,
    KeyRecord,
    KeySeen,
    as_of,
    claim_all,
    claimed,
    ended,
    may_claim,
    resolved,
    seen,
)
from customersms_async._core.idempotency_states import (
    ANSWERS,
    SAYS,
    STATUSES,
    TRANSITIONS,
    UNSURE,
    KeyEvent,
    KeyState,
    diagram,
)
from customersms_async.models import Status
from support.places import DOCS

CLAIM, OTHER = Claim(b"one", 100, "label"), Claim(b"other", 100)
KEEP_US = 10**12
HELD = claimed(None, CLAIM, b"content", 1_000)


def record(state: KeyState, *, by: str = "") -> KeyRecord:
    return msgspec.structs.replace(HELD, state=state, ended_us=2_000, by=by)


def test_a_claim_lapses_five_seconds_past_its_deadline() -> None:
    assert (HELD.began_us, HELD.deadline_us, HELD.label) == (1_000, 1_100, "label")
    last_us = 1_100 + GRACE_US - 1
    held = as_of(HELD, last_us, KEEP_US)
    assert seen(held, last_us) == KeySeen(KeyState.CLAIMED, b"one", b"content", b"", 1)
    lapsed = as_of(HELD, last_us + 1, KEEP_US)
    assert seen(lapsed, last_us + 1) == KeySeen(KeyState.INTERRUPTED, b"one", b"content")


@pytest.mark.parametrize("state", [KeyState.INTERRUPTED, KeyState.UNKNOWN, KeyState.REJECTED, KeyState.ACCEPTED])
def test_what_has_ended_is_kept_from_its_end_for_as_long_as_was_asked(state: KeyState) -> None:
    assert as_of(record(state), 2_000 + KEEP_US - 1, KEEP_US) == record(state)
    assert as_of(record(state), 2_000 + KEEP_US, KEEP_US) is None
    assert not may_claim(record(state), OTHER, b"content")


def test_a_lapsed_claim_is_kept_from_when_it_lapsed() -> None:
    assert as_of(HELD, HELD.ended_us + KEEP_US - 1, KEEP_US) is not None
    assert as_of(HELD, HELD.ended_us + KEEP_US, KEEP_US) is None


def test_a_claim_that_was_given_back_is_remembered_for_ten_minutes_and_what_a_person_said_for_as_long_as_all() -> None:
    freed = record(KeyState.FREE)
    assert as_of(freed, 2_000 + SPENT_US - 1, KEEP_US) == freed
    assert as_of(freed, 2_000 + SPENT_US, KEEP_US) is None
    assert as_of(record(KeyState.FREE, by="me"), 2_000 + SPENT_US, KEEP_US) is not None
    assert seen(freed, 2_000) is None
    assert as_of(None, 0, KEEP_US) is None


def test_a_free_key_goes_to_a_new_claim_with_any_content_and_never_to_a_spent_one() -> None:
    freed = ended(HELD, b"one", KeyEvent.UNSENT, b"", 1_050)
    assert freed is not None
    assert may_claim(freed, OTHER, b"another content")
    assert not may_claim(freed, CLAIM, b"content")
    assert claimed(freed, OTHER, b"another content", 1_060).claim == b"other"


def test_a_claim_that_was_given_back_before_it_came_is_spent() -> None:
    spent = ended(None, b"one", KeyEvent.UNSENT, b"", 50)
    assert spent is not None
    assert not may_claim(spent, CLAIM, b"content")
    assert claim_all([(spent, b"content")], CLAIM, 60) == ([], [KeySeen(KeyState.CLAIMED, b"one", b"")])
    assert ended(None, b"one", KeyEvent.ACCEPTED, b"", 50) is None


def test_a_claim_whose_message_comes_twice_has_the_key_as_it_had_it() -> None:
    assert may_claim(HELD, CLAIM, b"content")
    assert claimed(HELD, CLAIM, b"content", 1_050) is HELD
    assert not may_claim(HELD, OTHER, b"content")


def test_a_batch_gets_all_of_its_keys_or_none() -> None:
    records, found = claim_all([(None, b"a"), (None, b"b")], CLAIM, 7)
    assert [r.content for r in records] == [b"a", b"b"]
    assert found == [None, None]
    assert claim_all([(None, b"a"), (HELD, b"b")], OTHER, 1_050) == ([], [None, seen(HELD, 1_050)])


@pytest.mark.parametrize("state", list(KeyState))
@pytest.mark.parametrize("status", list(Status))
def test_only_its_own_claim_ends_a_key_and_only_while_nobody_knows_better(state: KeyState, status: Status) -> None:
    event = ANSWERS[status]
    after = ended(record(state), b"one", event, b"words", 3_000)
    assert ended(record(state), b"other", event, b"words", 3_000) is None
    if state not in (KeyState.CLAIMED, KeyState.INTERRUPTED):
        assert after is None
    else:
        assert after is not None
        assert STATUSES.get(after.state, Status.UNSENT) is status
        assert (after.ended_us, after.outcome) == (3_000, b"words")


@pytest.mark.parametrize("state", list(KeyState))
@pytest.mark.parametrize("event", list(SAYS.values()))
def test_a_person_decides_about_what_may_have_been_sent_and_nothing_else(state: KeyState, event: KeyEvent) -> None:
    late_us = HELD.deadline_us + UNSENT_AFTER_US
    if state in UNSURE:
        after = resolved(record(state), b"one", event, "me", late_us)
        assert isinstance(after, KeyRecord)
        assert (after.state, after.by) == (TRANSITIONS[state, event].to, "me")
        assert resolved(after, b"one", event, "me", late_us + 5) is after, "the message came twice"
    else:
        with pytest.raises(LookupError):
            resolved(record(state), b"one", event, "me", late_us)
    for other in (None, record(state)):
        with pytest.raises(LookupError):
            resolved(other, b"other", event, "me", late_us)


def test_nobody_says_unsent_until_ten_minutes_past_the_deadline() -> None:
    unknown = record(KeyState.UNKNOWN)
    now_us = HELD.deadline_us + UNSENT_AFTER_US - 5
    assert resolved(unknown, b"one", KeyEvent.FOUND_UNSENT, "me", now_us) == 5
    assert isinstance(resolved(unknown, b"one", KeyEvent.FOUND_ACCEPTED, "me", now_us), KeyRecord)


def test_the_diagram_has_every_move() -> None:
    assert diagram().count("-->") == len(TRANSITIONS)
    assert "\n```mermaid\n" + diagram() + "\n```\n" in (DOCS / "idempotency.md").read_text(encoding="utf-8")
