"""What follows from what is wanted: what a change leads to, whom it keeps from running, what the end of a run says."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from customersms_async import (
    AsyncClient,
    Campaign,
    CampaignStoppedError,
    Caps,
    Code,
    ConfigurationError,
    ConnectionFailedError,
    LedgerError,
    Limit,
    MemoryQuota,
    Outcome,
    SQLiteSuppression,
    Status,
)
from customersms_async._core.rulings import Ruling
from customersms_async._sending.open_client import open_client
from customersms_async.campaign._sqlite.ledger import SQLiteLedger
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.rows import Intent
from customersms_async.campaign.terms import CampaignTerms, decode
from customersms_async.campaign.wanted import (
    WantedChange,
    WantedLedger,
    WantedNow,
    end_of_run,
    kept_from_running,
    next_wanted,
    stop_of,
)
from customersms_async.campaign.wanted_states import Wanted, WantedEvent
from customersms_async.testing._contract.ledger_hosts import BEGUN, TERMS
from support.filled_ledger import PEOPLE, filled
from support.ledger_aging import let_minutes_pass
from support.ledger_rows import rows_of
from support.old_ledgers import make_version_2
from support.wanted_runs import run_is_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PAUSE, STOP, RESUME = [
    WantedChange(event=event, by="Ann") for event in (WantedEvent.PAUSE, WantedEvent.STOP, WantedEvent.RESUME)
]
GUARD = WantedChange(event=WantedEvent.GUARD, guard="until", by="process 1", why="it is late")
LEFT = WantedChange(event=WantedEvent.INTERRUPTED, guard="interrupted", by="process 1")
FINISHED = WantedChange(event=WantedEvent.FINISHED, by="process 1")
PLAN = WantedChange(event=WantedEvent.PLAN, by="Ann")


def now(state: Wanted, guard: str = "", *, terms: CampaignTerms | None = TERMS) -> WantedNow:
    return WantedNow(state=state, event=WantedEvent.ADDED, since_us=0, by="Ann", guard=guard, terms=terms)


# Decisions


@pytest.mark.parametrize(
    ("was", "change", "state"),
    [
        (now(Wanted.DRAFT), BEGUN, Wanted.RUN),
        (now(Wanted.RUN), BEGUN, Wanted.RUN),  # a run was killed
        (now(Wanted.STOPPED, "until"), BEGUN, Wanted.RUN),
        (now(Wanted.STOPPED, "until"), STOP, Wanted.STOPPED),
        (now(Wanted.RUN), PAUSE, Wanted.PAUSED),
        (now(Wanted.PAUSED), PAUSE, None),
        (now(Wanted.STOPPED), STOP, None),
        (now(Wanted.PAUSED), RESUME, Wanted.RUN),
        (now(Wanted.STOPPED, "until"), RESUME, Wanted.RUN),
        (now(Wanted.PAUSED, terms=None), RESUME, Wanted.DRAFT),
        (now(Wanted.RUN), RESUME, None),
        (now(Wanted.RUN), GUARD, Wanted.STOPPED),
        (now(Wanted.PAUSED), GUARD, None),  # a person was faster
        (now(Wanted.STOPPED), LEFT, None),
        (now(Wanted.RUN), FINISHED, None),  # somebody is planned again
        (now(Wanted.RUN), PLAN, None),
        (now(Wanted.DONE), PLAN, Wanted.DRAFT),
    ],
)
def test_a_change_leads_where_the_table_says_and_nowhere_if_it_holds_already(
    was: WantedNow, change: WantedChange, state: Wanted | None
) -> None:
    following = next_wanted(was, change, anyone_left=True)
    assert (following and following.state) == state


@pytest.mark.parametrize("change", [GUARD, LEFT, FINISHED])
def test_a_run_that_ends_when_nobody_is_left_has_finished_whatever_ended_it(change: WantedChange) -> None:
    following = next_wanted(now(Wanted.RUN), change, anyone_left=False)
    assert following == (Wanted.DONE, WantedEvent.FINISHED, "", "")
    assert next_wanted(now(Wanted.PAUSED), change, anyone_left=False) is None


@pytest.mark.parametrize("state", [Wanted.PAUSED, Wanted.STOPPED])
def test_what_a_person_said_keeps_a_run_from_beginning_in_words(state: Wanted) -> None:
    with pytest.raises(CampaignStoppedError, match=f"Ann has {state} it, on .*; resume it to go on") as raised:
        next_wanted(now(state), BEGUN, anyone_left=True)
    assert raised.value.guard == state


@pytest.mark.parametrize(
    ("was", "change", "says"),
    [
        (now(Wanted.DRAFT), RESUME, "paused or stopped can be resumed, and this one is draft"),
        (now(Wanted.DRAFT, terms=None), RESUME, "paused or stopped can be resumed, and this one is draft"),
        (now(Wanted.DONE), RESUME, "paused or stopped can be resumed, and this one is done"),
        (now(Wanted.RUN), WantedChange(event=WantedEvent.ADDED), "that is run can't move on because of added"),
        (None, PAUSE, "nobody was added to this ledger yet"),
        (None, RESUME, "nobody was added to this ledger yet"),
        (None, BEGUN, "nobody was added to this ledger yet"),
    ],
)
def test_a_move_that_does_not_exist_is_refused_in_words(was: WantedNow | None, change: WantedChange, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        next_wanted(was, change, anyone_left=True)


def test_requests_begin_only_while_run_is_wanted() -> None:
    for state in Wanted:
        assert (stop_of(now(state)) is None) is (state is Wanted.RUN)
    assert stop_of(None) is not None
    left = stop_of(now(Wanted.STOPPED, "interrupted"))
    assert left is not None
    assert (left.guard, str(left)) == ("interrupted", "the run was left early")


def test_a_guard_keeps_nobody_from_running_it_again() -> None:
    assert kept_from_running(None) is None
    for state in Wanted:
        assert kept_from_running(now(state, "until")) is None
        assert (kept_from_running(now(state)) is not None) is (state in (Wanted.PAUSED, Wanted.STOPPED))


@pytest.mark.parametrize(
    ("error", "fatal", "left", "event", "guard"),
    [
        (None, None, False, WantedEvent.FINISHED, ""),
        (None, None, True, WantedEvent.INTERRUPTED, "interrupted"),
        (ConfigurationError("the client was closed"), None, True, WantedEvent.INTERRUPTED, "interrupted"),
        (CampaignStoppedError("late", guard="until"), None, True, WantedEvent.GUARD, "until"),
        (None, "INSUFFICIENT_CREDITS", True, WantedEvent.GUARD, "insufficient_credits"),
        (CampaignStoppedError("Ann", guard="paused"), None, True, None, ""),
        (CampaignStoppedError("Ann", guard="stopped"), None, True, None, ""),
        (ConnectionFailedError("away"), None, True, None, ""),
        (LedgerError("full"), None, True, None, ""),
    ],
)
def test_the_end_of_a_run_says_what_ended_it_and_nothing_after_an_outage(
    error: Exception | None, fatal: str | None, *, left: bool, event: WantedEvent | None, guard: str
) -> None:
    change = end_of_run(error, fatal, left=left, by="process 1")
    assert (change and change.event, change.guard if change else "") == (event, guard)


# Terms


async def terms_of(**options: object) -> CampaignTerms:
    given = {"api_key": "cspro_made_up_secret", "url": "https://sms.example.com/api.php?token=hidden#hidden"} | options
    async with AsyncClient(**given, quota=MemoryQuota()) as client:  # type: ignore[arg-type]  # any options
        guards = Guards(keep_credits=5, allow_prefixes=("+1",), until_unix=1e9)
        return CampaignTerms.of(open_client(client).sender, guards)


async def test_terms_hold_what_a_successor_must_keep_to_and_come_back_as_they_were(tmp_path: Path) -> None:
    caps = Caps("news", per_number=Limit(2, 600), per_prefix={"+882": Limit(1, 60)}, total=Limit(9, 60))
    async with SQLiteSuppression(tmp_path / "no.db") as suppression:
        terms = await terms_of(caps=caps, suppression=suppression, label="tenant-42", pace=None)
    assert decode(terms.encode()) == terms
    assert (terms.url, terms.key_label, terms.pace) == ("https://sms.example.com/api.php", "tenant-42", None)
    assert len(terms.key_id) == 24
    assert (terms.guards.keep_credits, terms.guards.until_unix) == (Decimal(5), 1e9)
    assert terms.caps is not None
    assert (terms.caps.name, terms.caps.per_prefix) == ("news", {"+882": (Limit(1, 60),)})
    assert terms.suppression == f"SQLiteSuppression({str(tmp_path / 'no.db')!r})"
    assert terms.as_object()["limits"][0] == {"requests": 100, "seconds": 60}


class OthersStore:
    """A store of somebody else's, who shows its password to everyone."""

    path = "postgresql://user:hidden@db/app"

    def __repr__(self) -> str:
        return self.path

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        return frozenset()


async def test_nothing_secret_is_in_the_terms() -> None:
    terms = await terms_of(suppression=OthersStore())
    assert terms.suppression == "OthersStore"
    for secret in ("hidden", "cspro_", "made_up"):
        assert secret not in terms.encode()


# In a ledger


async def opened(path: Path) -> SQLiteLedger:
    await filled(path)
    return await SQLiteLedger.open(path, create=False)


async def test_what_was_added_is_a_draft_and_nothing_may_leave(path: Path) -> None:
    ledger: WantedLedger = await opened(path)
    assert isinstance(ledger, SQLiteLedger)
    found = await ledger.wanted()
    assert found is not None
    assert (found.state, found.event, found.terms) == (Wanted.DRAFT, WantedEvent.ADDED, None)
    with pytest.raises(CampaignStoppedError, match="its ledger says draft"):
        await ledger.begin(Intent([0], None))
    await ledger.close()


async def test_no_intent_is_made_after_a_pause_and_it_is_as_if_none_had_been_tried(path: Path) -> None:
    ledger = await opened(path)
    await run_is_wanted(ledger)
    other = await SQLiteLedger.open(path, create=False)
    assert await other.want(PAUSE)
    before = (await rows_of(ledger, "SELECT count(*) FROM attempts"))[0]
    with pytest.raises(CampaignStoppedError, match="Ann has paused it"):
        await ledger.begin(Intent([0], None))
    assert (await rows_of(ledger, "SELECT count(*) FROM attempts"))[0] == before
    assert [count.state for count in await ledger.counts()] == ["planned"]
    await other.want(RESUME)
    await ledger.begin(Intent([0], None))
    await other.close()
    await ledger.close()


async def test_what_is_in_flight_when_it_is_paused_is_recorded(path: Path) -> None:
    ledger = await opened(path)
    await run_is_wanted(ledger)
    intent = Intent([0], None)
    await ledger.begin(intent)
    await ledger.want(PAUSE)
    await ledger.record(intent, Ruling([Outcome(0, PEOPLE[0], Status.ACCEPTED, "m")], status_code=200))
    assert {count.state: count.recipients for count in await ledger.counts()} == {"planned": 2_499, "accepted": 1}
    await ledger.close()


async def test_every_change_is_a_row_with_when_and_by_whom_and_terms_stand_once_until_others_replace_them(
    path: Path,
) -> None:
    ledger = await opened(path)
    other = WantedChange(event=WantedEvent.BEGUN, by="process 2", terms=await terms_of())
    for change in (BEGUN, PAUSE, PAUSE, RESUME, GUARD, BEGUN, other):
        await ledger.want(change)
    rows = await rows_of(ledger, "SELECT state, by, guard, why, terms_id FROM wanted")
    assert rows[1:] == [
        ("run", "process 1 on here", "", "", 1),
        ("paused", "Ann", "", "", 1),
        ("run", "Ann", "", "", 1),
        ("stopped", "process 1", "until", "it is late", 1),
        ("run", "process 1 on here", "", "", 1),
        ("run", "process 2", "", "", 2),
    ]
    found = await ledger.wanted()
    assert found is not None
    assert found.terms == other.terms
    await ledger.close()


async def test_a_ledger_of_version_2_is_a_draft_and_may_be_paused_and_run(path: Path) -> None:
    await filled(path)
    make_version_2(path)
    async with Campaign.open(path, create=False) as campaign:
        found = await campaign.wanted()
        assert found is not None
        assert found.state is Wanted.DRAFT
        assert await campaign.pause(by=" Ann ")
        assert not await campaign.pause(by="Bob")
        found = await campaign.wanted()
        assert found is not None
        assert (found.state, found.by) == (Wanted.PAUSED, "Ann")
        assert await campaign.resume(by="Ann")
        found = await campaign.wanted()
        assert found is not None
        assert (found.state, found.event) == (Wanted.DRAFT, WantedEvent.REOPEN)
        await run_is_wanted(campaign.ledger)


async def test_what_is_done_is_a_draft_again_once_a_person_plans_somebody(path: Path) -> None:
    await filled(path, PEOPLE[:1])
    ledger = await SQLiteLedger.open(path, create=False)
    await run_is_wanted(ledger)
    intent = Intent([0], None)
    await ledger.begin(intent)
    await ledger.record(
        intent, Ruling([Outcome(0, PEOPLE[0], Status.REJECTED, None, "no", Code.CAPPED)], status_code=200)
    )
    assert await ledger.want(FINISHED)
    await ledger.close()
    let_minutes_pass(path)
    async with Campaign.open(path) as campaign:
        assert (await wanted(campaign)).state is Wanted.DONE
        await campaign.resolve("rejected", as_="planned", by="Ann")
        assert (await wanted(campaign)).state is Wanted.DRAFT


async def wanted(campaign: Campaign) -> WantedNow:
    found = await campaign.wanted()
    assert found is not None
    return found


@pytest.mark.parametrize("say", [Campaign.pause, Campaign.stop, Campaign.resume])
async def test_a_ledger_that_nobody_was_added_to_can_not_be_paused_and_a_person_has_a_name(
    path: Path, say: Callable[..., object]
) -> None:
    async with Campaign.open(path) as campaign:
        assert await campaign.wanted() is None
        with pytest.raises(ConfigurationError, match="nobody was added"):
            await say(campaign, by="Ann")  # type: ignore[misc]  # all three are awaited
        for name in ("", " ", None):
            with pytest.raises(ConfigurationError, match="say by whom"):
                await say(campaign, by=name)  # type: ignore[misc]
