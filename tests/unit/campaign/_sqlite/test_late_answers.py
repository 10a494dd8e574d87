"""What a process that was taken for dead has to tell is evidence: it counts, as long as no later request has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, LedgerError, Outcome, Status
from customersms_async._core.intake import Letter
from customersms_async._core.rulings import Ruling
from customersms_async.campaign._sqlite.ledger import SQLiteLedger
from customersms_async.campaign.refusals import CUT_OFF_US
from customersms_async.campaign.rows import Intent, KnownDouble, SuppressedMeanwhileError
from customersms_async.campaign.states import SAYS, State
from customersms_async.models import Code
from support.ledger_rows import rows_of
from support.wanted_runs import run_is_wanted

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.campaign.rows import Entry

PHONES = [f"+1212000{n:04}" for n in range(4)]
AGAIN, FOUND = SAYS[State.PLANNED]["unknown"], SAYS[State.ACCEPTED]["unknown"]
MESSAGES = {Status.ACCEPTED: "m"}
STATUSES = {Status.ACCEPTED: "accepted", Status.REJECTED: "rejected", Status.UNSENT: "planned"}


class Shared:
    """A ledger that ``old`` was sending in when ``new`` took its place."""

    def __init__(self, old: SQLiteLedger, new: SQLiteLedger, intent: Intent, clock: list[int]) -> None:
        self.old, self.new, self.intent, self.clock = old, new, intent, clock

    @classmethod
    async def of(cls, path: Path) -> Shared:
        clock = [1_700_000_000_000_000]
        old = await SQLiteLedger.open(path, create=True, clock=lambda: clock[0])
        await old.add([Letter.of(phone, "Hello") for phone in PHONES], "Hello", None, ())
        await old.become_runner()
        await run_is_wanted(old)
        intent = Intent([0, 1], None, 5.0)
        await old.begin(intent)
        await old.leave_running()
        new = await SQLiteLedger.open(path, create=False, clock=lambda: clock[0])
        await new.become_runner()
        return cls(old, new, intent, clock)

    async def answer(self, status: Status, code: Code | None = None, intent: Intent | None = None) -> None:
        """Have ``old`` record what it knows by now."""
        intent = intent or self.intent
        error = None if code is None else "the gateway's words"
        found = [Outcome(i, PHONES[i], status, MESSAGES.get(status), error, code) for i in intent.ids]
        await self.old.record(intent, Ruling(found, status_code=200))

    async def plan_again(self) -> None:
        self.clock[0] += CUT_OFF_US + 6_000_000
        assert await self.new.resolve([AGAIN], None, "Ann") == 2

    async def entries(self) -> list[Entry]:
        return (await self.new.entries(0, list(State)))[:2]

    async def states(self) -> set[str]:
        return {entry.state.value for entry in await self.entries()}

    async def close(self) -> None:
        counts = {(count.state, count.code): count.recipients for count in await self.new.counts()}
        rows = await rows_of(self.new, "SELECT state, code, count(*) FROM recipients GROUP BY 1, 2")
        assert counts == {(state, code): number for state, code, number in rows}
        await self.old.close()
        await self.new.close()


@pytest.mark.parametrize("status", STATUSES)
async def test_who_is_unknown_as_it_was_cut_off_becomes_what_the_late_answer_proves(path: Path, status: Status) -> None:
    shared = await Shared.of(path)
    assert {(entry.state, entry.code) for entry in await shared.entries()} == {("unknown", Code.INTERRUPTED)}
    code = Code.INVALID_PHONE if status is Status.REJECTED else None
    await shared.answer(status, code)
    assert {(entry.state, entry.code) for entry in await shared.entries()} == {(STATUSES[status], code)}
    for again in Status:
        await shared.answer(again)
        assert await shared.states() == {STATUSES[status]}, "recording the same attempt twice changes nothing"
    assert len(await rows_of(shared.new, "SELECT * FROM answers")) == 1
    assert await shared.new.doubles() == []
    await shared.close()


async def test_an_answer_that_proves_nothing_leaves_them_unknown_with_its_own_words(path: Path) -> None:
    shared = await Shared.of(path)
    await shared.answer(Status.UNKNOWN, Code.NO_ANSWER)
    found = {(entry.state, entry.code, entry.error) for entry in await shared.entries()}
    assert found == {("unknown", Code.NO_ANSWER, "the gateway's words")}
    assert await shared.new.resolve([AGAIN], None, "Ann") == 2, "nothing is under way any more"
    await shared.close()


@pytest.mark.parametrize("status", Status)
async def test_evidence_beats_the_person_who_has_them_planned_again(path: Path, status: Status) -> None:
    shared = await Shared.of(path)
    await shared.plan_again()
    await shared.answer(status)
    assert await shared.states() == {"accepted" if status is Status.ACCEPTED else "planned"}
    assert len(await rows_of(shared.new, "SELECT * FROM answers")) == 1
    await shared.close()


@pytest.mark.parametrize("status", Status)
async def test_whom_a_person_found_accepted_stays_so(path: Path, status: Status) -> None:
    shared = await Shared.of(path)
    assert await shared.new.resolve([FOUND], None, "Ann") == 2
    await shared.answer(status, Code.NO_ANSWER)
    assert {(entry.state, entry.code) for entry in await shared.entries()} == {("accepted", None)}
    await shared.close()


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("cut_off", [False, True])
async def test_after_a_later_request_has_begun_it_is_kept_as_a_double_and_changes_nobody(
    path: Path, status: Status, cut_off: bool
) -> None:
    shared = await Shared.of(path)
    await shared.plan_again()
    later = Intent([0], None, 5.0)
    await shared.new.begin(later)
    if cut_off:
        await shared.new.leave_running()
        await shared.old.become_runner()
    before = (await shared.entries())[0]
    await shared.answer(status)
    after = await shared.entries()
    assert after[0] == before
    assert after[1].state == ("accepted" if status is Status.ACCEPTED else "planned"), "nothing later has begun to them"
    doubles = [KnownDouble(0, PHONES[0], shared.clock[0])] if status is Status.ACCEPTED else []
    assert await shared.new.doubles() == doubles
    await shared.answer(Status.ACCEPTED)
    assert await shared.new.doubles() == doubles
    await shared.close()


async def test_a_request_that_is_about_to_leave_goes_without_whom_a_late_answer_has_accepted(path: Path) -> None:
    shared = await Shared.of(path)
    await shared.plan_again()
    assert [one.id for one in await shared.new.planned(0)] == [0, 1, 2, 3]
    await shared.answer(Status.ACCEPTED)
    with pytest.raises(SuppressedMeanwhileError) as caught:
        await shared.new.begin(Intent([0, 1, 2, 3], None))
    assert caught.value.ids == {0, 1}
    await shared.new.begin(Intent([2, 3], None))
    assert await shared.states() == {"accepted"}
    await shared.close()


async def test_an_attempt_that_the_ledger_does_not_know_is_refused(path: Path) -> None:
    shared = await Shared.of(path)
    for stranger in (Intent([0, 1], None, attempt_id=9), Intent([0], None, attempt_id=1)):
        with pytest.raises(LedgerError, match="are not so any more"):
            await shared.answer(Status.UNSENT, intent=stranger)
    assert await shared.states() == {"unknown"}
    assert await rows_of(shared.new, "SELECT * FROM answers") == []
    await shared.close()


async def test_a_campaign_says_who_was_accepted_by_a_late_answer(path: Path) -> None:
    shared = await Shared.of(path)
    await shared.answer(Status.ACCEPTED)
    await shared.close()
    async with Campaign.open(path, create=False) as campaign:
        assert [one.message_id async for one in campaign.outcomes(Status.ACCEPTED)] == ["m", "m"]
