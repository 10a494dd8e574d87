"""A database that another server took over, and that may lack what the one before had acknowledged."""

# ruff: noqa: S608 - numbers of our own

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import LedgerError, Outcome, Status
from customersms_async._core.intake import Letter
from customersms_async._core.rulings import Ruling
from customersms_async._postgres.administration import trust
from customersms_async._runtime.clock import now_us
from customersms_async.campaign._postgres.database_place import read_place
from customersms_async.campaign._postgres.host import Host
from customersms_async.campaign._postgres.ledger import PostgresLedger
from customersms_async.campaign._postgres.recent_calls import KEPT_US, RecentCalls
from customersms_async.campaign.rows import Intent, SuppressedMeanwhileError
from customersms_async.campaign.states import State
from customersms_async.testing._contract.ledger_hosts import BEGUN
from support.clocks import SteppingClock
from support.postgres_servers import folder_of_its_user, postgres_server

if TYPE_CHECKING:
    from support.postgres_servers import PostgresServerProcess

PEOPLE = [f"+1212000{place:04}" for place in range(20)]
DOUBTED = "another PostgreSQL server took over"


async def filled(url: str) -> PostgresLedger:
    ledger = await PostgresLedger.open(read_place(url, None), create=True)
    await ledger.add([Letter(phone=phone, text="Hi") for phone in PEOPLE], "Hi", None, ())
    return ledger


async def running(url: str) -> PostgresLedger:
    ledger = await filled(url)
    await ledger.become_runner()
    await ledger.want(BEGUN)
    return ledger


def accepted(*places: int) -> Ruling:
    return Ruling([Outcome(place, PEOPLE[place], Status.ACCEPTED, f"id {place}", None, None) for place in places])


def lose(server: PostgresServerProcess, attempt: int | None) -> None:
    """Another server took over, which lacks this attempt and what became of it, and the lease."""
    server.sql(
        "SET session_replication_role = replica",
        f"DELETE FROM customersms.campaign_attempts WHERE attempt = {attempt}",
        f"DELETE FROM customersms.campaign_answers WHERE attempt = {attempt}",
        f"DELETE FROM customersms.campaign_flying WHERE attempt = {attempt}",
        "UPDATE customersms.campaign_recipients SET state = 'planned', code = '', attempts = 0, attempt = NULL,"
        f" message_id = NULL WHERE attempt = {attempt}",
        "UPDATE customersms.campaign_leases SET holder = NULL, host = NULL, epoch = epoch - 1",
        "DELETE FROM customersms.campaign_counts",
        "INSERT INTO customersms.campaign_counts SELECT (id >> 32)::integer, state, code, count(*), sum(segments)"
        " FROM customersms.campaign_recipients GROUP BY 1, 2, 3",
        "UPDATE customersms.places SET system = system - 1 WHERE place = (SELECT max(place) FROM customersms.places)",
        database="app",
    )


async def states(ledger: PostgresLedger) -> dict[State, int]:
    return {count.state: count.recipients for count in await ledger.counts()}


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_run_that_lived_on_puts_its_lost_intents_in_again_and_goes_on(
    shared_postgres: PostgresServerProcess, is_answered: bool, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = await running(f"{shared_postgres.url()}#vouched")
    lost, other = Intent([0, 1, 2], None, 30.0), Intent([3], None, 30.0)
    await ledger.begin(lost)
    if is_answered:
        await ledger.record(lost, accepted(0, 1, 2))
    lose(shared_postgres, lost.attempt_id)
    assert (await states(ledger))[State.PLANNED] == 20
    both = [Intent([place], None, 30.0) for place in (3, 4, 5)]
    await asyncio.gather(*map(ledger.begin, both))
    if not is_answered:
        await ledger.record(lost, accepted(0, 1, 2))
    for intent in both:
        await ledger.record(intent, accepted(*intent.ids))
    assert await states(ledger) == {State.PLANNED: 14, State.ACCEPTED: 6}
    with pytest.raises(SuppressedMeanwhileError):
        await ledger.begin(Intent([0], None, 30.0))
    assert [record.message for record in caplog.records].count(
        f"another server took over the database of {ledger.name}; what it may lack was put in again"
    ) == 1
    await ledger.close()
    assert other.attempt_id is None


async def test_whoever_does_not_know_begins_nothing_until_a_person_trusts_the_server(
    shared_postgres: PostgresServerProcess,
) -> None:
    ledger = await running(f"{shared_postgres.url()}#doubted")
    lose(shared_postgres, 0)
    await ledger.close()
    successor = await PostgresLedger.open(read_place(f"{shared_postgres.url()}#doubted", None), create=False)
    await successor.become_runner()
    with pytest.raises(LedgerError, match=DOUBTED):
        await successor.begin(Intent([0], None, 30.0))
    assert await states(successor) == {State.PLANNED: 20}
    trust(shared_postgres.url())
    await successor.begin(Intent([0], None, 30.0))
    await successor.close()


async def test_an_outage_makes_a_run_forget_nothing_of_what_the_next_server_may_lack(
    shared_postgres: PostgresServerProcess,
) -> None:
    """The first call to the server that took over records an answer, long after the last one to the server before."""
    ledger, clock = await running(f"{shared_postgres.url()}?lease=3600#outage"), SteppingClock()
    ledger._recent = RecentCalls(clock)
    lost, flying = Intent([0, 1, 2], None, 30.0), Intent([3], None, 30.0)
    await ledger.begin(lost)
    await ledger.record(lost, accepted(0, 1, 2))
    await ledger.begin(flying)
    lose(shared_postgres, lost.attempt_id)
    clock.go(KEPT_US + 1)
    await ledger.record(flying, accepted(3))
    with pytest.raises(SuppressedMeanwhileError):
        await ledger.begin(Intent([0], None, 30.0))
    assert await states(ledger) == {State.PLANNED: 16, State.ACCEPTED: 4}
    await ledger.close()


async def test_a_run_keeps_the_calls_of_the_last_minutes_only(shared_postgres: PostgresServerProcess) -> None:
    ledger, clock = await running(f"{shared_postgres.url()}#minutes"), SteppingClock()
    ledger._recent = RecentCalls(clock)
    for place in range(3):
        await ledger.begin(Intent([place], None, 30.0))
        clock.go(KEPT_US)
    assert len(list(ledger._recent)) == 2
    await ledger.close()


async def test_a_run_whose_lease_was_over_for_a_while_can_not_vouch(shared_postgres: PostgresServerProcess) -> None:
    """Another host may have run the campaign meanwhile, on the server before: a later sign of life proves nothing."""
    ledger = await running(f"{shared_postgres.url()}#cut-off")
    await ledger.begin(Intent([0], None, 30.0))
    host = Host.join(ledger._place, None, ledger)
    host._heard_us -= host.lease_us + 1_000_000  # it was cut off for so long
    lose(shared_postgres, 0)
    await asyncio.to_thread(host.sign)
    assert host.is_leased
    with pytest.raises(LedgerError, match=DOUBTED):
        await ledger.begin(Intent([1], None, 30.0))
    assert (await states(ledger))[State.PLANNED] == 19
    await ledger.close()


async def test_a_run_that_another_has_just_preceded_knows_too_little_to_vouch(
    shared_postgres: PostgresServerProcess,
) -> None:
    first = await running(f"{shared_postgres.url()}#successor")
    lost = Intent([0, 1], None, 30.0)
    await first.begin(lost)
    await first.record(lost, accepted(0, 1))
    await first.close()
    successor = await PostgresLedger.open(read_place(f"{shared_postgres.url()}#successor", None), create=False)
    await successor.become_runner()
    lose(shared_postgres, lost.attempt_id)
    with pytest.raises(LedgerError, match=DOUBTED):
        await successor.begin(Intent([0], None, 30.0))
    await successor.close()


@pytest.mark.parametrize("is_heard", [True, False])
async def test_minutes_count_by_the_server_before_and_not_by_how_long_a_run_waited_on_the_next(
    shared_postgres: PostgresServerProcess, is_heard: bool
) -> None:
    """A run that waits for its quota on the server that took over knows no more of the run before it than at first."""
    first = await running(f"{shared_postgres.url()}#waited")
    lost, own = Intent([0, 1], None, 30.0), Intent([2], None, 30.0)
    await first.begin(lost)
    await first.record(lost, accepted(0, 1))
    await first.close()
    successor = await PostgresLedger.open(read_place(f"{shared_postgres.url()}#waited", None), create=False)
    await successor.become_runner()
    successor._vouches_from_us = now_us()  # the minutes have passed
    if is_heard:
        await successor.begin(own)
    lose(shared_postgres, own.attempt_id if is_heard else lost.attempt_id)
    if is_heard:
        await successor.begin(Intent([3], None, 30.0))
    else:
        with pytest.raises(LedgerError, match=DOUBTED):
            await successor.begin(Intent([0], None, 30.0))
    await successor.close()


async def test_nothing_is_vouched_for_where_that_a_run_is_wanted_was_lost_too(
    shared_postgres: PostgresServerProcess,
) -> None:
    ledger = await running(f"{shared_postgres.url()}#unwanted")
    lost = Intent([0, 1], None, 30.0)
    await ledger.begin(lost)
    lose(shared_postgres, lost.attempt_id)
    shared_postgres.sql(
        "SET session_replication_role = replica",
        "DELETE FROM customersms.campaign_wanted WHERE state = 'run'",
        database="app",
    )
    for _ in range(2):
        with pytest.raises(LedgerError, match=DOUBTED):
            await ledger.begin(Intent([2], None, 30.0))
    assert await states(ledger) == {State.PLANNED: 20}
    await ledger.close()


async def test_a_fail_over_may_be_trusted_to_lose_nothing(shared_postgres: PostgresServerProcess) -> None:
    ledger = await running(f"{shared_postgres.url()}?failover=trust#trusted")
    lose(shared_postgres, 0)
    await ledger.leave_running()
    await ledger.become_runner()
    await ledger.begin(Intent([0], None, 30.0))
    await ledger.close()


async def test_a_run_goes_on_by_itself_on_a_promoted_standby_that_lacks_its_intents() -> None:
    with postgres_server() as old, folder_of_its_user() as folder:
        ledger = await filled(f"{old.url()}#promoted")
        await ledger.want(BEGUN)
        await ledger.close()
        new = old.copy(folder)
        try:
            new.stop()
            either = f"postgresql://app@127.0.0.1:{old.port},127.0.0.1:{new.port}/app?target_session_attrs=read-write"
            ledger = await PostgresLedger.open(read_place(f"{either}#promoted", None), create=False)
            await ledger.become_runner()
            answered, flying = Intent([0, 1, 2], None, 30.0), Intent([3, 4], None, 30.0)
            await ledger.begin(answered)
            await ledger.record(answered, accepted(0, 1, 2))
            await ledger.begin(flying)
            old.stop()
            new.start(ready=False)
            recording = asyncio.create_task(ledger.record(flying, accepted(3, 4)))
            await asyncio.to_thread(new.promote)
            await recording
            following = Intent([5], None, 30.0)
            await ledger.begin(following)
            await ledger.record(following, accepted(5))
            assert await states(ledger) == {State.PLANNED: 14, State.ACCEPTED: 6}
            await ledger.close()
        finally:
            new.stop()


@pytest.mark.parametrize("is_told", [True, False])
async def test_an_older_copy_of_the_server_is_doubted_once_it_begins_a_new_timeline(is_told: bool) -> None:
    """As docs/fleet.md has people do; without that nobody can tell it, and it would send again."""
    with postgres_server() as server:
        ledger = await running(f"{server.url()}#restored")
        await ledger.leave_running()
        copy = server.folder / "copy"
        server.run("pg_basebackup", "-D", copy, "-d", server.admin, "--no-sync", "-c", "fast", "-X", "stream")
        await ledger.become_runner()
        sent = Intent([0, 1, 2], None, 30.0)
        await ledger.begin(sent)
        await ledger.record(sent, accepted(0, 1, 2))
        await ledger.close()
        server.stop()
        server.data = copy
        if is_told:
            (copy / "standby.signal").touch()
            server.start(ready=False)
            server.promote()
        else:
            server.start()
        restored = await PostgresLedger.open(read_place(f"{server.url()}#restored", None), create=False)
        assert await states(restored) == {State.PLANNED: 20}
        await restored.become_runner()
        if is_told:
            with pytest.raises(LedgerError, match=DOUBTED):
                await restored.begin(Intent([0], None, 30.0))
            assert await restored.suppress(PEOPLE[:3], "the provider's records") == 3
            trust(server.url())
            await restored.begin(Intent([3], None, 30.0))
        else:
            await restored.begin(Intent([0], None, 30.0))
        await restored.close()
