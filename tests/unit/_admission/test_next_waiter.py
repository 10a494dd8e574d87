"""Who goes next in a room: the search comes to its end, however the connections stand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from customersms_async import Limit, Priority
from customersms_async._admission.room import Room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Ticket
from customersms_async._http.connections import Connections, LoopConnections
from support import virtual_loop

if TYPE_CHECKING:
    from customersms_async._admission.place import Place


def test_two_pools_that_both_lack_a_token_do_not_pass_a_connection_on_without_end() -> None:
    """Of the one connection that the loop has left, in the room of a key whose clients have pools of their own."""

    async def main() -> None:
        loop, gate = virtual_loop.loop(), LoopConnections(1)
        pools = Connections(1, gate), Connections(1, gate)
        room = Room(loop.quota(), "key", loop)

        def come(priority: Priority, pool: int, seconds: float) -> Place:
            terms = Terms.of((Limit(1, seconds),), 0.0, None, pools[pool])
            return room.admit(Ticket(priority), terms, 30_000_000)

        assert come(Priority.NORMAL, 0, 3_600).done()
        waiting = [
            come(Priority.NORMAL, 0, 3_600),
            come(Priority.URGENT, 0, 3_600),
            come(Priority.NORMAL, 1, 3_600),
            come(Priority.BULK, 1, 1_800),
        ]
        await asyncio.sleep(0.05)
        pools[0].release(Priority.NORMAL)
        await asyncio.sleep(0.05)  # the search that this begins ends
        assert not any(place.done() for place in waiting)
        for place in waiting:
            place.cancel()

    virtual_loop.run(main())
