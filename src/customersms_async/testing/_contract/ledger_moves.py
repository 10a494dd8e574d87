"""What a campaign ledger says of the campaign's move to another one, and what it refuses meanwhile and afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...campaign.move_states import FOLLOWS, HERE, LedgerMove, MoveState
from ...campaign.rows import Intent
from ...campaign.states import SAYS, State
from ...errors import LedgerError
from ...models import Code, Status
from .ledger_hosts import (
    ACCEPTED,
    BEGUN,
    OVER_US,
    PAUSE,
    PLANNED,
    SENDING,
    TIMEOUT,
    LedgerTest,
    begun,
    found,
    letters,
    outcome,
    phone,
    refused,
    ruling,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...campaign.protocol import CampaignLedger
    from .ledger_hosts import LedgerHosts

_THERE: Final = "a place ✋ elsewhere"
_WAYS: Final[dict[MoveState, Sequence[MoveState]]] = {
    MoveState.LEAVING: (MoveState.LEAVING,),
    MoveState.STAYED: (MoveState.LEAVING, MoveState.STAYED),
    MoveState.ARRIVING: (MoveState.LEAVING, MoveState.ARRIVING),
    MoveState.ARRIVED: (MoveState.LEAVING, MoveState.ARRIVING, MoveState.ARRIVED),
    MoveState.LEFT: (MoveState.LEAVING, MoveState.LEFT),
}
"""What leads to each state, all of one move; that on which nothing follows is the last."""

_ENDS: Final = {MoveState.LEAVING: MoveState.STAYED, MoveState.ARRIVING: MoveState.ARRIVED}
"""What ends a move, so that another one can begin."""


def said(state: MoveState, move: str = "1", copy: str = "a copy") -> LedgerMove:
    """What is said of a move."""
    return LedgerMove(move, state, _THERE, 0, "Ann", copy=copy)


class LedgerMoveContract(LedgerTest):
    """Nobody runs or changes a ledger that the campaign leaves, has left, or has not come to yet."""

    def test_a_ledger_that_the_campaign_is_not_in_refuses_every_change(self) -> None:
        """In words that name the other place; also from who has it open already. It may be read."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.filled(3), await hosts.open()
            before = await found(ledger)
            for state in (MoveState.LEAVING, MoveState.LEFT):
                await ledger.become_mover()
                await ledger.say_of_move(said(state))
                await ledger.leave_running()
                for host in (other, await hosts.open()):
                    await _refuses_every_change(host)
                    assert await found(host) == before
                    assert [each.id for each in await host.planned(0)] == [0, 1, 2]
                    assert await host.added() is not None
                    assert await host.recover() is None

        self.check(test)

    def test_a_ledger_that_the_campaign_has_come_to_can_be_run_only_then(self) -> None:
        """And one that it has stayed in."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(2)
            for number, states in enumerate((_WAYS[MoveState.STAYED], _WAYS[MoveState.ARRIVED])):
                await ledger.become_mover()
                for state in states:
                    await ledger.say_of_move(said(state, str(number)))
                    if state not in HERE:
                        await refused(LedgerError, ledger.want(BEGUN), says=_THERE)
                await ledger.leave_running()
                host = await hosts.open()
                await host.become_runner()
                await host.want(BEGUN)
                await host.record(await begun(host, [number]), ruling([number], Status.ACCEPTED))
                await host.leave_running()
            assert await found(ledger) == [ACCEPTED] * 2

        self.check(test)

    def test_nothing_is_said_of_a_move_that_does_not_follow(self) -> None:
        """Nor of another move than the one that is under way. All that was said is kept, with who and when."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(1)
            await ledger.become_mover()
            for number, (last, states) in enumerate(_WAYS.items()):
                for state in states:
                    hosts.clock.us += 1
                    await ledger.say_of_move(said(state, str(number)))
                    assert (await ledger.moves())[-1] == said(state, str(number))._replace(at_us=hosts.clock.us)
                for state in MoveState:
                    if state is not MoveState.LEAVING or state not in FOLLOWS[last]:
                        await refused(LedgerError, ledger.say_of_move(said(state, "other")))
                    if state not in FOLLOWS[last] and state is not last:
                        await refused(LedgerError, ledger.say_of_move(said(state, str(number))))
                if last in _ENDS:
                    await ledger.say_of_move(said(_ENDS[last], str(number)))
            kept = await (await hosts.open()).moves()
            assert kept == await ledger.moves()
            assert {each.by for each in kept} == {"Ann"}

        self.check(test)

    def test_what_arrives_is_the_copy_that_was_brought(self) -> None:
        """The campaign may have been brought to several places of one name, and has left for one of them."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(1)
            await ledger.become_mover()
            await ledger.say_of_move(said(MoveState.LEAVING, copy=""))
            await ledger.say_of_move(said(MoveState.ARRIVING))
            for copy in ("", "another copy"):
                await refused(LedgerError, ledger.say_of_move(said(MoveState.ARRIVED, copy=copy)))
            await ledger.say_of_move(said(MoveState.ARRIVED))
            assert [each.copy for each in await ledger.moves()] == ["", "a copy", "a copy"]

        self.check(test)

    def test_a_campaign_that_is_run_is_not_moved_and_one_that_is_moved_not_run(self) -> None:
        """By another host, nor twice at once."""

        async def test(hosts: LedgerHosts) -> None:
            first, second = await hosts.runner(1), await hosts.open()
            await refused(LedgerError, second.become_mover(), says="a campaign is running on it")
            await first.leave_running()
            await second.become_mover()
            await refused(LedgerError, first.become_runner(), says="a campaign is running on it")
            await refused(LedgerError, first.become_mover(), says="a campaign is running on it")
            assert await first.moves() == []

        self.check(test)

    def test_it_does_not_leave_while_anybody_is_being_sent_to(self) -> None:
        """By a host that has ended: until its attempt's time is over, or nobody is being sent to any more at once."""

        async def test(hosts: LedgerHosts) -> None:
            first = await hosts.runner(2)
            await begun(first, [0])
            await hosts.close(first)
            second = await hosts.open()
            await second.become_mover()
            if await found(second) == [SENDING, PLANNED]:
                await refused(LedgerError, second.say_of_move(said(MoveState.LEAVING)), says="being sent to")
                assert await second.moves() == []
                hosts.clock.us += OVER_US
                await second.recover()
            await second.say_of_move(said(MoveState.LEAVING))
            assert SENDING not in await found(second)

        self.check(test)


async def _refuses_every_change(ledger: CampaignLedger) -> None:
    planned = SAYS[State.PLANNED]
    for change in (
        ledger.become_runner(),
        ledger.begin(Intent([0], None, TIMEOUT)),
        ledger.want(PAUSE),
        ledger.want(BEGUN),
        ledger.suppress([phone(0)], "a list"),
        ledger.skip([outcome(0, Status.UNSENT, Code.CAPPED, "no room")]),
        ledger.add_more(letters(5), "Hello", None, (), by="Ann"),
        ledger.resolve([planned["unknown"]], None, "Ann"),
        ledger.add(letters(3), "Hello", None, [phone(1)]),
    ):
        await refused(LedgerError, change, says=_THERE)
