"""The deliveries that a bulk send and a campaign share: started, held back, stopped and waited for together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Limit, Priority, Status
from customersms_async._admission.ticket import Ticket
from customersms_async._core.batching import Batch
from customersms_async._sending.deliveries import Deliveries
from customersms_async.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async._sending.delivery import Delivery

    MakeClient = Callable[..., AsyncClient]


class Owner:
    """What the deliveries tell whoever started them, in its order."""

    def __init__(self, client: AsyncClient) -> None:
        self.deliveries = Deliveries(client._session.open(), timeout=5.0)
        self.told: list[str] = []
        self.ended: list[Delivery] = []

    def start(self, *phones: str) -> None:
        batch = Batch("Hello", list(phones), list(range(len(phones))))
        self.deliveries.start(batch, Ticket(Priority.BULK), self)

    def delivered(self, batch: Batch, delivery: Delivery) -> None:
        assert sorted(outcome.phone for outcome in delivery.outcomes) == sorted(batch.phones)
        self.ended.append(delivery)
        self.told.append(f"delivered, {len(self.deliveries)} on their way")

    def interrupted(self, batch: Batch, delivery: Delivery | None) -> None:
        raise NotImplementedError

    def go_on(self) -> None:
        self.told.append(f"go on, {len(self.deliveries)} on their way")

    def stop(self) -> None:
        self.told.append("stop")

    @property
    def statuses(self) -> list[tuple[Status, str | None]]:
        return [(outcome.status, outcome.code) for delivery in self.ended for outcome in delivery.outcomes]


async def test_its_owner_hears_of_each_end_once_and_has_room_again_then(client: AsyncClient) -> None:
    owner = Owner(client)
    owner.start("+12125551234", "+12125551235")
    owner.start("+12125551236")
    await owner.deliveries.land()
    assert owner.told[-2:] == ["delivered, 1 on their way", "go on, 0 on their way"]
    assert len(owner.told) == 4
    assert owner.deliveries.requests == 2
    assert {status for status, _ in owner.statuses} == {Status.ACCEPTED}


async def test_what_is_held_back_leaves_when_it_is_resumed(client: AsyncClient, sandbox: Sandbox) -> None:
    owner = Owner(client)
    owner.start("+12125551234")
    owner.deliveries.hold_back()
    await asyncio.sleep(0.02)
    assert (sandbox.requests, len(owner.deliveries)) == (0, 1)
    owner.deliveries.resume()
    await owner.deliveries.land()
    assert (sandbox.requests, owner.statuses[0][0]) == (1, Status.ACCEPTED)


async def test_what_waits_when_all_are_stopped_is_unsent_with_the_first_code(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    owner = Owner(make_client(limits=Limit(1, 3_600)))
    owner.start("+12125551234")
    await owner.deliveries.land()
    owner.start("+12125551235")
    await asyncio.sleep(0)
    assert owner.deliveries.stop("STOPPED")
    assert not owner.deliveries.stop("OTHER")
    await owner.deliveries.land()
    assert owner.statuses[-1] == (Status.UNSENT, "STOPPED")
    assert (owner.deliveries.stop_code, sandbox.requests) == ("STOPPED", 1)


async def test_the_first_delivery_after_which_nothing_can_go_out_is_kept(client: AsyncClient, sandbox: Sandbox) -> None:
    sandbox.misbehave([Fault.STATUS_401] * 2)
    owner = Owner(client)
    owner.start("+12125551234")
    owner.start("+12125551235")
    await owner.deliveries.land()
    assert owner.deliveries.fatal is owner.ended[0]
    assert owner.deliveries.fatal.fatal == "INVALID_API_KEY"


@pytest.mark.parametrize("turns", [0, 1, 5])
async def test_one_that_is_cancelled_as_when_a_loop_is_shut_down_has_its_owner_start_nothing_more(
    make_client: MakeClient, turns: int
) -> None:
    client = make_client(limits=Limit(1, 3_600))
    owner = Owner(client)
    owner.start("+12125551234")
    await owner.deliveries.land()
    owner.told.clear()
    owner.start("+12125551235")
    for _ in range(turns):
        await asyncio.sleep(0)
    (task,) = owner.deliveries._tickets
    task.cancel()
    await owner.deliveries.land()
    assert set(owner.told) == {"stop"}
    assert not owner.deliveries
