"""Nothing leaves after its attempt's deadline, wherever the time went, and what did not leave stands in line again."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, final

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from customersms_async import AsyncClient, MemoryQuota, Priority, Status
from customersms_async._admission.ticket import Ticket
from customersms_async._core.batching import Batch
from customersms_async._sending.attempt import MOST_LATE
from customersms_async._sending.delivery import Delivery, deliver
from support.broken_gateways import KEY, answered
from support.real_time import clock_to_put_forward

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence

    from customersms_async._core.layers import Layer, Wait
    from customersms_async._core.rulings import Ruling

BATCH = Batch("Hello", ["+12125551234"], [0])
TIMEOUT = 5.0
PLACES = ("take", "connect", "hook", "renew", "head")
"""Where the time may go, in the order in which an attempt comes there; ``head``: between its head and its body."""


@final
class World:
    """A clock that moves by what was drawn for each place, attempt after attempt; and what happened by it.

    It is the quota store, the engine (which says how far it has come, or does not) and the hook of one delivery.
    ``left`` are the moments at which heads and bodies left, with the deadline of their attempts; ``told`` what came of
    each attempt.
    """

    in_process = False
    is_closed = False

    def __init__(self, spent: Mapping[str, Sequence[float]], *, traced: bool = True) -> None:
        self.now_us = 10**12
        self._spent = {place: iter(seconds) for place, seconds in spent.items()}
        self._traced = traced
        self._quota = MemoryQuota(clock=lambda: self.now_us)
        self._asked_us = 0
        self.left: list[tuple[str, int, int]] = []
        self.hooked = self.renewed = self.used = 0
        self.told: list[Status] = []

    def spend(self, place: str) -> None:
        self.now_us += round(next(self._spent.get(place, iter(())), 0.0) * 1e6)

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        self._asked_us = self.now_us
        granted = await self._quota.take(key_id, layers, hold_us)
        self.spend("take")
        return granted

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        assert self.now_us < self._asked_us + TIMEOUT * 1e6, "a dead attempt's grant is not renewed"
        self.renewed += 1
        granted = await self._quota.renew(key_id, request, layers, hold_us)
        self.spend("renew")
        return granted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._quota, name)

    async def hook(self, _: Batch) -> None:
        self.hooked += 1
        self.spend("hook")

    async def tell(self, ruling: Ruling) -> None:
        self.told += {outcome.status for outcome in ruling.outcomes}

    def build_request(self, *_: Any, content: AsyncIterable[bytes], extensions: Any, **__: Any) -> Any:
        return content, extensions["trace"]

    async def send(self, request: Any, **_: Any) -> Any:
        content, trace = request
        self.spend("connect")
        if self._traced:
            url = SimpleNamespace(host=b"gateway.invalid", port=None)
            written = SimpleNamespace(method=b"POST", url=url, headers=[])
            await trace("http11.send_request_headers.started", {"request": written})
            self._leave("head")
            self.spend("head")
        body = await anext(aiter(content))
        self._leave("body")
        answer = json.dumps(answered(json.loads(body)["phone"])).encode()
        found = {"status_code": 200, "headers": {}, "is_stream_consumed": False}
        return SimpleNamespace(**found, aiter_raw=lambda: _pieces(answer), aclose=self.aclose)

    async def aclose(self) -> None:
        """Close nothing."""

    def _leave(self, what: str) -> None:
        self.left.append((what, self.now_us, self._asked_us + round(TIMEOUT * 1e6)))

    async def delivered(self) -> Delivery:
        options: dict[str, Any] = {"http_client": self, "quota": self, "pace": None, "max_retries": 0}
        async with AsyncClient(api_key=KEY, url="https://gateway.invalid/", **options) as client:
            sender = client._session.open()
            sender.room.clock = lambda: self.now_us
            delivery = await deliver(
                sender,
                BATCH,
                Ticket(Priority.BULK),
                timeout=TIMEOUT,
                before_first_byte=self.hook,
                after_attempt=self.tell,
            )
            usage, _ = await self._quota.usage(sender.secret.key_id, sender.terms.layers)
            self.used = usage[0].used
        return delivery


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body


some_seconds = st.lists(st.sampled_from([0.0, 0.0, 0.7, 1.5, 4.9, 5.0, 5.1, 3_600.0]), max_size=3)


@settings(max_examples=300)
@given(st.fixed_dictionaries(dict.fromkeys(PLACES, some_seconds)), st.booleans())
@example({"renew": [60.0], "hook": [1.5]}, True)
@example({"head": [60.0]}, True)
@example({"hook": [5.0]}, False)
@example({"take": [5.0], "connect": [5.0], "hook": [5.0], "head": [5.0]}, True)
@example({"hook": [5.0] * MOST_LATE}, True)
def test_nothing_leaves_after_its_attempts_deadline_wherever_the_time_went(
    spent: dict[str, list[float]], traced: bool
) -> None:
    world = World(spent, traced=traced)
    delivery = asyncio.run(world.delivered())
    assert all(at < deadline for _, at, deadline in world.left)
    bodies = [what for what, _, _ in world.left].count("body")
    (outcome,) = delivery.outcomes
    event(f"{outcome.status} after {len(world.told)} attempts")
    assert (outcome.status, bodies) in ((Status.ACCEPTED, 1), (Status.UNSENT, 0))
    assert world.told == [*[Status.UNSENT] * (len(world.told) - 1), outcome.status], "each was told before the next"
    assert world.hooked <= len(world.told) <= MOST_LATE + 1
    assert delivery.error is None
    assert delivery.requests <= world.used <= len(world.told), "tokens of what never left are back, or have lapsed"
    if sum(map(len, spent.values())) <= MOST_LATE:  # each may make it late once
        assert outcome.status is Status.ACCEPTED


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize(
    ("place", "seconds", "hooked", "renewed"),
    [
        ("take", 5.0, 1, 0),
        ("connect", 5.0, 1, 0),
        ("hook", 5.0, 2, 0),
        ("hook", 4.9, 1, 1),
        ("head", 5.0, 2, 0),
    ],
)
async def test_what_was_late_once_is_sent_by_a_fresh_attempt(
    place: str, seconds: float, hooked: int, renewed: int, traced: bool
) -> None:
    world = World({place: [seconds]}, traced=traced)
    delivery = await world.delivered()
    if place == "head" and not traced:
        hooked = 1
    assert [o.status for o in delivery.outcomes] == [Status.ACCEPTED]
    assert (world.hooked, world.renewed, delivery.requests, world.used) == (hooked, renewed, 1, 1)


async def test_a_renewal_that_outlasts_the_deadline_does_not_revive_the_attempt() -> None:
    world = World({"hook": [1.5], "renew": [3.5]})
    delivery = await world.delivered()
    assert [o.status for o in delivery.outcomes] == [Status.ACCEPTED]
    assert (world.hooked, world.renewed, world.told) == (2, 1, [Status.UNSENT, Status.ACCEPTED])


async def test_a_hook_that_always_outlasts_the_deadline_ends_as_a_failure() -> None:
    world = World({"hook": [6.0] * 100})
    delivery = await world.delivered()
    assert [(o.status, o.code) for o in delivery.outcomes] == [(Status.UNSENT, "CONNECTION_FAILED")]
    assert "its time was over" in str(delivery.outcomes[0].error)
    assert (world.hooked, world.left, delivery.requests) == (MOST_LATE + 1, [], 0)


async def test_a_hook_that_hangs_until_the_time_is_over_counts_as_late_too() -> None:
    world = World({})
    forward = clock_to_put_forward()
    hook = world.hook

    async def hang(batch: Batch) -> None:
        await hook(batch)
        if world.hooked == 1:
            world.now_us += 6_000_000
            forward(6.0)
            await asyncio.Event().wait()

    vars(world)["hook"] = hang
    delivery = await world.delivered()
    assert [o.status for o in delivery.outcomes] == [Status.ACCEPTED]
    assert (world.hooked, world.told, world.used) == (2, [Status.UNSENT, Status.ACCEPTED], 1)
