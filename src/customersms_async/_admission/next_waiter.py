"""Who goes next of those that wait in a room, and what the others lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._http.connections import ConnectionTaker
    from ..events import WaitReason
    from .lines import Lines
    from .pacer import Pacer
    from .place import Place
    from .store_waits import StoreWaits
    from .terms import Needs


def find_next(
    lines: Lines, pacer: Pacer, store_waits: StoreWaits, taker: ConnectionTaker, now: float
) -> Place | float | None:
    """The first who can go, or is held back; else when somebody may; else None, and a connection is wanted.

    ``taker`` is told when that is free. Times are the loop's, as ``now`` is. A connection that is passed on here may
    come back, to somebody who was looked at before: then ``taker`` has to look again. Nobody wants one who lacks
    something else: two such would pass it on to each other without end.
    """
    first, moment = None, None
    for head in lines.heads():
        needs = head.needs
        if head.ticket.held is None and (at := _ready_at(head, pacer, store_waits, now)) > now:
            if needs.connections.free(needs.priority):
                needs.connections.decline()
            moment = at if moment is None else min(moment, at)
        elif not needs.connections.free(needs.priority):
            needs.connections.want(taker, needs.priority)
        elif first is None or head.ticket.comes_before(first.ticket):
            first = head
    return first or moment


def _ready_at(head: Place, pacer: Pacer, store_waits: StoreWaits, now: float) -> float:
    """When there is a turn in the pace and the store may have a token; 0 for now."""
    wait, until = pacer.wait(head.needs.pace), store_waits.until(head)
    return max(until, now + wait) if wait else until


def wait_reason(needs: Needs, pacer: Pacer, *, store_is_away: bool, paused: bool, told_to_wait: bool) -> WaitReason:
    """What a request with these needs lacks now, as far as is known in its room.

    ``told_to_wait``: the store has said that it has no token; else what is lacking is its answer.
    """
    if not needs.connections.free(needs.priority):
        return "connection"
    if store_is_away:
        return "store"
    if paused:
        return "pause"
    if not pacer.is_ready(needs.pace):
        return "pace"
    return "quota" if told_to_wait else "store"
