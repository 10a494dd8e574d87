"""Calls whose answer was lost, and that are made again: each takes effect once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import LedgerError, Outcome, Status
from customersms_async._core.intake import Letter
from customersms_async._core.rulings import Ruling
from customersms_async._postgres import wire
from customersms_async._postgres.errors import PostgresError
from customersms_async.campaign._postgres.database_place import read_place
from customersms_async.campaign._postgres.ledger import PostgresLedger
from customersms_async.campaign.rows import Intent
from customersms_async.campaign.states import SAYS, State
from customersms_async.campaign.wanted_states import Wanted
from customersms_async.testing._contract.ledger_hosts import BEGUN, PAUSE, RESUME

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.postgres_servers import PostgresServerProcess

PEOPLE = [f"+1212000{place:04}" for place in range(5)]


class LostAnswers:
    """Has the answer to the next call of a function be lost, and something happen before the copy comes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._meanwhile: dict[bytes, Callable[[], None]] = {}
        self._ask = wire.ask
        monkeypatch.setattr(wire, "ask", self.ask)

    def lose(self, function: bytes, meanwhile: Callable[[], None]) -> None:
        self._meanwhile[function] = meanwhile

    def ask(self, connection: Any, command: bytes, *given: Any) -> list[wire.Row]:
        rows = self._ask(connection, command, *given)
        for function in [name for name in self._meanwhile if name in command]:
            self._meanwhile.pop(function)()
            raise PostgresError("the connection was lost", temporary=True)
        return rows


async def running(server: PostgresServerProcess) -> PostgresLedger:
    ledger = await PostgresLedger.open(read_place(f"{server.url()}#copies", None), create=True)
    await ledger.add([Letter(phone=phone, text="Hi") for phone in PEOPLE], "Hi", None, ())
    await ledger.become_runner()
    await ledger.want(BEGUN)
    return ledger


def told(status: Status) -> Ruling:
    return Ruling([Outcome(place, phone, status, None, "", None) for place, phone in enumerate(PEOPLE)])


async def states(ledger: PostgresLedger) -> dict[State, int]:
    return {count.state: count.recipients for count in await ledger.counts()}


async def test_a_decision_whose_answer_was_lost_is_made_once(
    shared_postgres: PostgresServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await running(shared_postgres)
    intent = Intent(range(5), None, 30.0)
    await ledger.begin(intent)
    await ledger.record(intent, told(Status.UNKNOWN))

    def sent_again() -> None:
        shared_postgres.sql(
            "UPDATE customersms.campaign_recipients SET state = 'sending'",
            "UPDATE customersms.campaign_recipients SET state = 'unknown'",
            database="app",
        )

    LostAnswers(monkeypatch).lose(b"campaign_resolve", sent_again)
    assert await ledger.resolve([SAYS[State.PLANNED]["unknown"]], None, "Ann") == 5
    assert await states(ledger) == {State.UNKNOWN: 5}
    assert [each.recipients for each in await ledger.resolutions()] == [5]
    await ledger.close()


async def test_a_word_whose_answer_was_lost_does_not_undo_a_later_one(
    shared_postgres: PostgresServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await running(shared_postgres)
    await ledger.want(PAUSE)

    def bob_pauses() -> None:
        shared_postgres.sql(
            "INSERT INTO customersms.campaign_wanted SELECT campaign, number + 1, at_us, 'paused', 'pause', 'Bob', '',"
            " '', terms FROM customersms.campaign_wanted ORDER BY number DESC LIMIT 1",
            database="app",
        )

    LostAnswers(monkeypatch).lose(b"campaign_want(", bob_pauses)
    assert await ledger.want(RESUME)
    now = await ledger.wanted()
    assert now is not None
    assert (now.state, now.by) == (Wanted.PAUSED, "Bob")
    await ledger.close()


async def test_an_intent_that_never_came_is_no_attempt_once_it_is_recorded_as_unsent(
    shared_postgres: PostgresServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, ask = await running(shared_postgres), wire.ask

    def lose(connection: Any, command: bytes, *given: Any) -> list[wire.Row]:
        if b"campaign_begin(" in command:
            raise PostgresError("the connection was lost", temporary=True)
        return ask(connection, command, *given)

    monkeypatch.setattr(wire, "ask", lose)
    intent = Intent(range(5), None, 30.0)
    with pytest.raises(LedgerError, match="the connection was lost"):
        await ledger.begin(intent)
    await ledger.record(intent, told(Status.UNSENT))
    assert await ledger.attempts(None, 10) == []
    assert await states(ledger) == {State.PLANNED: 5}
    await ledger.close()


async def test_a_run_that_lost_its_lease_says_nothing_of_what_is_wanted(
    shared_postgres: PostgresServerProcess,
) -> None:
    ledger = await running(shared_postgres)
    shared_postgres.sql("UPDATE customersms.campaign_leases SET epoch = epoch + 1, holder = 'other'", database="app")
    with pytest.raises(LedgerError, match="another process runs it by now"):
        await ledger.want(BEGUN)
    await ledger.close()
    assert shared_postgres.sql("SELECT holder FROM customersms.campaign_leases", database="app") == [(b"other",)]
