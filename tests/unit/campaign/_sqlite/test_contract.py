"""``SQLiteLedger``: the contract of campaign ledgers, and that this sees a ledger which breaks one of its rules."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from customersms_async import CampaignStoppedError, LedgerError, Status
from customersms_async.campaign._sqlite.ledger import SQLiteLedger
from customersms_async.campaign.rows import SuppressedMeanwhileError
from customersms_async.campaign.states import SAYS, State
from customersms_async.campaign.wanted_states import WantedEvent
from customersms_async.testing import LedgerContract
from customersms_async.testing._contract.ledger_schedules import LedgerScheduleContract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async._core.rulings import Ruling
    from customersms_async.campaign.rows import Intent
    from customersms_async.campaign.wanted import WantedChange


class TestSQLiteLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def place(self, path: Path) -> None:
        self.path = path

    async def open(self, clock: Callable[[], int]) -> SQLiteLedger:
        return await SQLiteLedger.open(self.path, create=True, clock=clock)

    async def rows_in(self, table: str) -> int | None:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - the contract's word
        return int(rows)


# Without a rule


class Whole:
    """A ledger that breaks no rule; those below break one each."""

    def __init__(self, ledger: SQLiteLedger) -> None:
        self.kept = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kept, name)


class UnknownIsUnsent(Whole):
    async def record(self, intent: Intent, ruling: Ruling) -> None:
        said = [msgspec.structs.replace(o, status=_guessed(o.status)) for o in ruling.outcomes]
        await self.kept.record(intent, msgspec.structs.replace(ruling, outcomes=said))


class CutOffIsPlanned(Whole):
    async def recover(self) -> float | None:
        left = await self.kept.recover()
        with contextlib.suppress(LedgerError):
            await self.kept.resolve([SAYS[State.PLANNED]["unknown"]], None, "nobody")
        return left


class BeginsWithWhoIsNotPlanned(Whole):
    async def begin(self, intent: Intent) -> None:
        with contextlib.suppress(LedgerError):
            await self.kept.begin(intent)


class BeginsWithWhoIsSuppressed(Whole):
    async def begin(self, intent: Intent) -> None:
        with contextlib.suppress(SuppressedMeanwhileError):
            await self.kept.begin(intent)


class BeginsThoughPaused(Whole):
    async def begin(self, intent: Intent) -> None:
        with contextlib.suppress(CampaignStoppedError):
            await self.kept.begin(intent)


class ForgetsAPause(Whole):
    async def want(self, change: WantedChange) -> bool:
        return True if change.event is WantedEvent.PAUSE else await self.kept.want(change)


class HasTwoRunners(Whole):
    async def become_runner(self) -> None:
        with contextlib.suppress(LedgerError):
            await self.kept.become_runner()


class LosesWhoWasCutOff(Whole):
    async def recover(self) -> float | None:
        return None


class DropsAnswers(Whole):
    async def record(self, intent: Intent, ruling: Ruling) -> None:
        if len(ruling.outcomes) > 1:
            await self.kept.record(intent, ruling)


def _guessed(status: Status) -> Status:
    return Status.UNSENT if status is Status.UNKNOWN else status


class Schedules(LedgerScheduleContract):
    def __init__(self, path: Path, kind: type[Whole], *, compares: bool) -> None:
        self.path, self.kind, self.compares = path, kind, compares

    async def open(self, clock: Callable[[], int]) -> Any:
        return self.kind(await SQLiteLedger.open(self.path, create=True, clock=clock))

    def run(self) -> None:
        self.test_nobody_is_in_two_attempts_unless_the_first_was_proven_unsent_or_a_person_said_so()


@pytest.mark.parametrize("kind", [UnknownIsUnsent, CutOffIsPlanned, BeginsWithWhoIsNotPlanned])
def test_without_a_rule_schedules_find_the_double_that_it_prevents(path: Path, kind: type[Whole]) -> None:
    with pytest.raises(AssertionError, match="is in two attempts"):
        Schedules(path, kind, compares=False).run()


def test_with_all_rules_there_is_no_double(path: Path) -> None:
    Schedules(path, Whole, compares=False).run()


@pytest.mark.parametrize(
    "kind",
    [
        *(UnknownIsUnsent, CutOffIsPlanned, BeginsWithWhoIsNotPlanned, BeginsWithWhoIsSuppressed, BeginsThoughPaused),
        *(ForgetsAPause, HasTwoRunners, LosesWhoWasCutOff, DropsAnswers),
    ],
)
def test_without_a_rule_schedules_find_that_something_is_otherwise(path: Path, kind: type[Whole]) -> None:
    with pytest.raises(AssertionError):
        Schedules(path, kind, compares=True).run()
