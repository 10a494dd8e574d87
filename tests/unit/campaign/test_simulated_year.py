"""No text leaves outside its recipient's hours, or after its time has run out: whole runs on virtual time.

A gateway far away judges by itself, at the first byte, whether it is hours for everybody in the request; it is slow, is
out of reach at times, says 429, and runs are left, or killed, and gone on with by others.
"""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import httpx
import pytest

from customersms_async import AsyncClient, Limit, Outcome
from customersms_async._core.hours import DAY_US, Hours, local_time, microseconds
from customersms_async._core.layers import layers
from customersms_async._core.schedule import ScheduleJudge, SendSchedule, VerdictKind
from customersms_async._core.schedule_forecast import Grants, ScheduledPeople, forecast
from customersms_async._sending.open_client import open_client
from customersms_async._sending.stream import OutcomeStream
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.runner import Runner
from customersms_async.campaign.states import State
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted_watch import WantedWatch
from customersms_async.models import Code
from support import virtual_loop
from support.memory_ledger import MemoryLedger, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
LIMITS = (Limit(20, 60), Limit(200, 3_600))
YEAR = 2026
MINUTE_US = 60_000_000


def us(text: str) -> int:
    """The moment of an ISO time in UTC."""
    return microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


class Clock:
    """The calendar of a virtual loop: it shows ``begin_us`` when it is made."""

    def __init__(self, begin_us: int) -> None:
        self._offset_us = begin_us - virtual_loop.loop().now_us()

    def __call__(self) -> int:
        return virtual_loop.loop().now_us() + self._offset_us


class Gateway(httpx.AsyncBaseTransport):
    """Takes texts after a while, and keeps when the first byte of each has left."""

    def __init__(self, clock: Callable[[], int], dice: random.Random, *, faults: bool) -> None:
        self.left: dict[str, list[int]] = {}
        self._clock = clock
        self._dice = dice
        self._faults = faults

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fate = self._dice.random() if self._faults else 1.0
        if self._faults:
            await asyncio.sleep(self._dice.choice((0, 0, 1, 20)))  # connecting
        if fate < 0.05:
            raise httpx.ConnectError("refused")
        body = json.loads(await request.aread())
        now_us = self._clock()
        for phone in body["phone"]:
            self.left.setdefault(phone, []).append(now_us)
        if self._faults:
            await asyncio.sleep(self._dice.uniform(0, 8))
        if fate < 0.1:
            return httpx.Response(429, headers={"Retry-After": str(self._dice.choice((5, 90, 4_000)))})
        rows = [{"phone": phone, "success": True, "message_id": "m"} for phone in body["phone"]]
        return httpx.Response(200, json={"success": True, "results": rows})


async def run(
    gateway: Gateway,
    ledger: MemoryLedger,
    schedule: SendSchedule,
    *,
    limits: tuple[Limit, ...] = LIMITS,
    leave_after: float | None = None,
    kill: bool = False,
) -> None:
    """Run the campaign through a client of its own, to the end or for so many seconds."""
    quota: dict[str, Any] = {"quota": virtual_loop.loop().quota(), "limits": limits, "pace": Limit(2, 1)}
    async with (
        httpx.AsyncClient(transport=gateway) as http,
        AsyncClient(api_key="cspro_made_up", http_client=http, batch_size=5, max_concurrency=4, **quota) as client,
    ):
        handle = open_client(client)
        handle.sender.room.clock = virtual_loop.loop().now_us
        terms = CampaignTerms.of(handle.sender, Guards(), schedule)
        runner = Runner(ledger, handle, Guards(), (), terms)  # type: ignore[arg-type]  # it is asked for nothing else
        runner._watch = WantedWatch(ledger, runner.stop, seconds=3_600)  # not every second of a year
        outcomes = asyncio.ensure_future(all_of(OutcomeStream(lambda: runner)))
        await asyncio.wait([outcomes], timeout=leave_after)
        if kill and not runner.over:
            ledger.crash()
        runner.stop()
        await outcomes


async def all_of(stream: OutcomeStream) -> list[Outcome]:
    """All outcomes of a run."""
    return [outcome async for outcome in stream]


def never_at_the_wrong_time(gateway: Gateway, people: Sequence[Person], schedule: SendSchedule, zones_of: Any) -> None:
    """Every first byte left within hours, in all zones of its recipient, and before its time had run out."""
    assert schedule.hours is not None
    hours = schedule.hours.compiled()
    for one in people:
        for at_us in gateway.left.get(one.phone, ()):
            for zone in zones_of(one):
                for moment in (at_us, at_us + schedule.margin_us - 1_000_000 if schedule.margin_us else at_us):
                    assert hours.holds(local_time(moment, ZoneInfo(zone))), (one, local_time(moment, ZoneInfo(zone)))
            assert schedule.expires_us is None or at_us < schedule.expires_us - schedule.margin_us
            assert schedule.at_us is None or at_us >= schedule.at_us


SCHEDULES = [
    SendSchedule(hours=Hours("09:00-20:00", "mon-sat"), margin_us=32_000_000),
    SendSchedule(hours=Hours("09:00-10:00"), margin_us=0),
    SendSchedule(hours=Hours("22:30-03:15", "fri-sun", [date(YEAR, 12, 25)]), margin_us=0),
    SendSchedule(hours=Hours("01:30-02:45"), margin_us=32_000_000),
    SendSchedule(hours=Hours("00:00-24:00", "mon-fri", [date(YEAR, 1, 1), date(YEAR, 12, 25)]), margin_us=600_000_000),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda one: f"{one.hours.between} {one.hours.days}")
@pytest.mark.parametrize("seed", range(2))
def test_no_text_leaves_out_of_hours_whatever_happens_all_year(schedule: SendSchedule, seed: int) -> None:
    dice = random.Random(f"{schedule} {seed}")
    people = [Person(f"+1212{number:07}", dice.choice(ZONES), dice.choice("ABC")) for number in range(80)]
    begins = [us(f"{YEAR}-01-01") + dice.randrange(365 * 1_440) * MINUTE_US for _ in range(2)]
    for change in dice.sample(["03-08", "03-29", "04-05", "10-04", "10-25", "11-01", "12-24"], 2):
        begins.append(us(f"{YEAR}-{change}") + dice.randrange(-1_440, 1_440) * MINUTE_US)

    async def main() -> None:
        for begin_us in begins:
            clock = Clock(begin_us)
            expires_us = None if dice.random() < 0.5 else begin_us + dice.randrange(3 * 1_440) * MINUTE_US
            at_us = None if dice.random() < 0.5 else begin_us + dice.randrange(1_440) * MINUTE_US
            planned = SendSchedule(
                hours=schedule.hours, margin_us=schedule.margin_us, expires_us=expires_us, at_us=at_us
            )
            gateway = Gateway(clock, dice, faults=True)
            ledger = MemoryLedger(people, clock, lambda: dice.choice((0, 0, 0.1, 3)))
            for _ in range(dice.randrange(3)):
                await run(gateway, ledger, planned, leave_after=dice.uniform(1, 90_000), kill=dice.random() < 0.5)
            await run(gateway, ledger, planned)
            never_at_the_wrong_time(gateway, people, planned, lambda one: [one.zone])
            assert State.PLANNED not in ledger.states
            if expires_us is None:
                assert set(ledger.states) <= {State.ACCEPTED, State.UNKNOWN}

    virtual_loop.run(main())


@pytest.mark.parametrize("seed", [0, 3])
def test_a_batch_that_is_late_is_held_back_at_the_last_moment(seed: int) -> None:
    dice = random.Random(seed)
    people = [Person(f"+1212{number:07}", dice.choice(["Europe/Paris", "Europe/London"])) for number in range(900)]
    schedule = SendSchedule(hours=Hours("09:00-09:02"))

    async def main() -> None:
        clock = Clock(us("2026-11-30T06:00") + dice.randrange(60_000_000))
        gateway = Gateway(clock, dice, faults=False)
        ledger = MemoryLedger(people, clock, lambda: dice.uniform(0, 0.4))
        await run(gateway, ledger, schedule, limits=(Limit(1, 1),))
        never_at_the_wrong_time(gateway, people, schedule, lambda one: [one.zone])
        assert set(ledger.states) == {State.ACCEPTED}

    virtual_loop.run(main())


def test_numbers_without_a_zone_of_their_own_are_judged_by_all_they_may_be_in() -> None:
    begin_us = us("2026-11-30T06:00")
    schedule = SendSchedule(hours=Hours("09:00-20:00", zone="Pacific/Auckland"), margin_us=32_000_000)
    people = [
        *(Person("+33612345678"), Person("+12125551234"), Person("+79161234567"), Person("+88210000000")),
        Person("+34612345678", "Asia/Tokyo"),
    ]

    async def main() -> dict[str, list[int]]:
        clock = Clock(begin_us)
        gateway, ledger = Gateway(clock, random.Random(1), faults=False), MemoryLedger(people, clock)
        await run(gateway, ledger, schedule)
        assert set(ledger.states) == {State.ACCEPTED}
        return gateway.left

    left = virtual_loop.run(main())
    hours = {phone: (at[0] - begin_us) / 3.6e9 + 6 for phone, at in left.items()}
    assert hours["+34612345678"] == pytest.approx(6, abs=0.01), "Tokyo, by its own column: 15:00"
    assert hours["+33612345678"] == pytest.approx(8, abs=0.01)
    assert hours["+12125551234"] == pytest.approx(14, abs=0.01)
    assert hours["+79161234567"] == pytest.approx(7, abs=0.01), "09:00 in the west of it, 19:00 in Kamchatka"
    assert hours["+88210000000"] == pytest.approx(6, abs=0.01), "19:00 in the zone of the hours, as no other is known"


def test_whoever_has_no_zone_or_too_many_is_skipped() -> None:
    async def main() -> MemoryLedger:
        clock = Clock(us("2026-11-30T06:00"))
        people = [Person("+88210000000"), Person("+79161234567", "Europe/Moscow"), Person("+79161234568")]
        ledger = MemoryLedger(people, clock)
        await run(Gateway(clock, random.Random(1), faults=False), ledger, SendSchedule(hours=Hours("09:00-18:00")))
        return ledger

    ledger = virtual_loop.run(main())
    assert ledger.states == [State.SKIPPED, State.ACCEPTED, State.SKIPPED]
    assert ledger.codes == [Code.NO_ZONE, "", Code.NO_ZONE]


@pytest.mark.parametrize("seed", range(6))
def test_a_forecast_is_right_to_the_second(seed: int) -> None:
    dice = random.Random(seed)
    zones = dice.sample(ZONES, 6)
    texts = ["A"] if seed % 2 else ["A", "B", "C"]
    people = [Person(f"+1212{number:07}", dice.choice(zones), dice.choice(texts)) for number in range(400)]
    begin_us = us(f"{YEAR}-03-25") + dice.randrange(10 * 1_440) * MINUTE_US
    schedule = SendSchedule(hours=Hours(f"{8 + seed % 4:02}:00-{10 + seed:02}:30", "mon-sat"), margin_us=32_000_000)
    if seed > 4:
        schedule = SendSchedule(hours=schedule.hours, margin_us=32_000_000, expires_us=begin_us + DAY_US)

    async def main() -> int:
        clock = Clock(begin_us)
        gateway, ledger = Gateway(clock, dice, faults=False), MemoryLedger(people, clock)
        await run(gateway, ledger, schedule)
        assert ledger.states.count(State.ACCEPTED) == len(gateway.left)
        return max(max(each) for each in gateway.left.values())

    expected = forecast(
        ScheduledPeople(
            [(zone,) for zone in zones],
            [zones.index(one.zone or "") for one in people],
            [texts.index(one.text) for one in people],
        ),
        ScheduleJudge(schedule, ZoneInfo),
        Grants(layers(LIMITS, 0.05), Limit(2, 1), lambda _: 0),
        begin_us,
        batch_size=5,
        lookahead=20,
        max_concurrency=3,
    )
    ended_us = virtual_loop.run(main())
    assert expected.end_us is not None
    assert timedelta(microseconds=abs(ended_us - expected.end_us)) < timedelta(seconds=1)
    assert sum(expected.skipped.values()) == 0 or set(expected.skipped) == {VerdictKind.EXPIRED}
