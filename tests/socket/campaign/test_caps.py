"""A campaign obeys the caps of its client: who hits one is skipped, nobody waits, and a person may plan them again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    Campaign,
    CampaignStoppedError,
    Caps,
    Code,
    ConfigurationError,
    Limit,
    MemoryQuota,
    Message,
    Outcome,
    QuotaStoreError,
    Status,
)
from customersms_async.sandbox import Fault, Sandbox
from customersms_async.testing import ManualClock
from support.campaign_steps import MakeClient, codes, counted, people, run
from support.ledger_rows import rows_of
from support.told_quota import ToldQuota

if TYPE_CHECKING:
    from pathlib import Path

ONCE_A_DAY = Caps("newsletter", per_number=Limit(1, 86_400))
WORDS = "the cap newsletter is reached, 1 text in 86400 s to one number: there is room again in 86417.3 s"
DAY_US = 86_400_000_000


def phones_of(sandbox: Sandbox) -> list[str]:
    return [text.phone for text in sandbox.texts]


async def test_who_hits_a_cap_is_skipped_with_its_words_and_the_others_go_on(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(caps=ONCE_A_DAY, quota=MemoryQuota(clock=ManualClock()))
    await client.send(people(5)[3], "Earlier today")
    async with Campaign.open(path) as campaign:
        await campaign.add(people(5), "Hello")
        outcomes = await run(campaign, client)
        assert sorted(o.index for o in outcomes) == [0, 1, 2, 3, 4], "everyone has one outcome"
        (skipped,) = [o for o in outcomes if o.status is Status.UNSENT]
        assert skipped == Outcome(3, people(5)[3], Status.UNSENT, None, WORDS, Code.CAPPED)
        assert await counted(campaign) == {"accepted": 4, "skipped": 1}
        assert await run(campaign, client) == []
    async with Campaign.open(path) as campaign:
        (again,) = [o async for o in campaign.outcomes(Status.UNSENT)]
        assert again == skipped, "it is durable"
    assert phones_of(sandbox).count(people(5)[3]) == 1
    assert sandbox.requests == 2


async def test_where_a_cap_of_all_allows_only_some_the_first_in_order_go(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(caps=Caps("all", total=Limit(25, 3_600)), batch_size=10)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        assert len(await run(campaign, client)) == 60
        assert await counted(campaign) == {"accepted": 25, "skipped": 35}
    assert sorted(phones_of(sandbox)) == people(25)


async def test_a_second_text_to_a_number_is_capped_in_one_campaign_too(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(Message(phone, text) for text in ("Hello", "Hello again") for phone in people(10))
        assert len(await run(campaign, make_client(caps=ONCE_A_DAY))) == 20
        assert await counted(campaign) == {"accepted": 10, "skipped": 10}
    assert sorted(phones_of(sandbox)) == people(10)


async def test_a_person_plans_who_hit_a_cap_and_nobody_else_who_is_skipped(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    clock = ManualClock()
    a, b, c = people(3)
    client = make_client(caps=ONCE_A_DAY, quota=MemoryQuota(clock=clock))
    await client.send(a, "Earlier today")
    await client.send(b, "Earlier today")
    async with Campaign.open(path) as campaign:
        await campaign.add([a, a, "nobody", b, c], "Hello", suppress=[c])
        await run(campaign, client)
        skipped = {0: "CAPPED", 1: "DUPLICATE", 2: "INVALID_PHONE", 3: "CAPPED", 4: "SUPPRESSED"}
        assert await codes(campaign) == skipped
        with pytest.raises(
            ConfigurationError, match=r"only who is rejected or unknown or .* can be resolved as planned"
        ):
            await campaign.resolve("duplicate", as_="planned", by="Ann")
        with pytest.raises(ConfigurationError, match="only who is unknown can be resolved as accepted, not who is cap"):
            await campaign.resolve("capped", as_="accepted", by="Ann")
        assert await campaign.resolve([a, c], as_="accepted", by="Ann") == 0
        assert await campaign.resolve([a, c], as_="planned", by="Ann") == 1
        assert await campaign.resolve("capped", as_="planned", by="Bob") == 1
        assert await counted(campaign) == {"planned": 2, "skipped": 3}
        assert await rows_of(campaign.ledger, "SELECT by, becomes, recipients, ids FROM resolutions") == [
            ("Ann", "planned", 1, "0"),
            ("Bob", "planned", 1, "3"),
        ]
        await run(campaign, client)
        assert await codes(campaign) == skipped, "the cap has no room yet"
        await campaign.resolve("capped", as_="planned", by="Ann")
        clock.us += DAY_US + DAY_US // 100
        assert {o.index: o.status for o in await run(campaign, client)} == {0: Status.ACCEPTED, 3: Status.ACCEPTED}
    assert phones_of(sandbox) == [a, b, a, b]


async def test_a_person_s_decision_during_the_run_is_sent_in_the_same_run(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    clock = ManualClock()
    client = make_client(caps=ONCE_A_DAY, quota=MemoryQuota(clock=clock), batch_size=1, max_concurrency=1)
    await client.send(people(1)[0], "Earlier today")
    told: list[tuple[int, str | None]] = []
    async with Campaign.open(path) as campaign:
        await campaign.add(people(20), "Hello")
        async for outcome in campaign.run(client):
            told.append((outcome.index, outcome.code))
            if outcome.code == Code.CAPPED:
                clock.us += DAY_US + DAY_US // 100
                assert await campaign.resolve("capped", as_="planned", by="Ann") == 1
        assert await counted(campaign) == {"accepted": 20}
    assert sorted(told, key=str) == sorted([(0, "CAPPED"), *((index, None) for index in range(20))], key=str)


async def test_a_retry_does_not_count_the_text_s_own_earlier_attempt(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(caps=ONCE_A_DAY)
    sandbox.misbehave([Fault.JSON_CUT])
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        assert {o.status for o in await run(campaign, client)} == {Status.UNKNOWN}
    async with Campaign.open(path) as campaign:  # as after a restart
        await campaign.resolve("unknown", as_="planned", by="Ann")
        assert {o.status for o in await run(campaign, client)} == {Status.ACCEPTED}
    async with Campaign.open(path.with_name("other")) as other:
        await other.add(people(3), "Hello")
        assert {o.code for o in await run(other, client)} == {Code.CAPPED}, "it counts once, and it counts"


async def test_what_was_not_sent_is_not_counted(make_client: MakeClient, sandbox: Sandbox, path: Path) -> None:
    client = make_client(caps=ONCE_A_DAY, batch_size=10, limits=Limit(1_000, 1), max_retries=0)
    sandbox.misbehave([Fault.ROW_RATE_LIMITED, Fault.STATUS_413])
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        assert {o.status for o in await run(campaign, client)} == {Status.ACCEPTED}
    assert (len(sandbox.texts), sandbox.duplicates()) == (10, ())


async def test_the_guards_do_not_count_who_is_skipped(make_client: MakeClient, sandbox: Sandbox, path: Path) -> None:
    client = make_client(caps=ONCE_A_DAY, batch_size=10)
    for phone in people(15):
        await client.send(phone, "Earlier today")
    async with Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        with pytest.raises(CampaignStoppedError) as stopped:
            await run(campaign, client, max_recipients=25)
        assert stopped.value.guard == "max_recipients"
        assert await counted(campaign) == {"accepted": 25, "skipped": 15, "planned": 20}
        with pytest.raises(CampaignStoppedError):
            await run(campaign, client, max_segments=30)
        assert await counted(campaign) == {"accepted": 30, "skipped": 15, "planned": 15}


async def test_a_run_that_a_guard_stops_still_records_who_is_skipped(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(caps=ONCE_A_DAY, batch_size=10, max_concurrency=1)
    await client.send_many(people(5), "Earlier today")
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        assert len(await run(campaign, client, max_recipients=5)) == 10, "nobody was left, so nothing was stopped"
        assert await counted(campaign) == {"accepted": 5, "skipped": 5}


async def test_a_store_that_is_out_of_reach_for_a_while_is_asked_again(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    quota = ToldQuota()
    async with Campaign.open(path) as campaign:
        await campaign.add(people(30), "Hello")
        client = make_client(caps=ONCE_A_DAY, quota=quota, batch_size=10)
        for call in ("look_at_caps", "take_caps", "end_caps"):
            quota.fail(call, 2)
        assert len(await run(campaign, client)) == 30
        assert await counted(campaign) == {"accepted": 30}
    assert sandbox.duplicates() == ()


@pytest.mark.parametrize("call", ["look_at_caps", "take_caps"])
async def test_a_store_that_fails_for_good_ends_the_run_with_everyone_planned(
    make_client: MakeClient, sandbox: Sandbox, path: Path, call: str
) -> None:
    quota = ToldQuota()
    quota.fail(call, 100, temporary=False)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(30), "Hello")
        with pytest.raises(QuotaStoreError, match="out of reach"):
            await run(campaign, make_client(caps=ONCE_A_DAY, quota=quota))
        assert await counted(campaign) == {"planned": 30}
    assert sandbox.requests == 0


async def test_caps_of_with_options_hold_and_a_store_that_can_not_count_is_refused(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client()
    capped = client.with_options(caps=Caps("all", total=Limit(4, 3_600)))
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        await run(campaign, capped)
        assert await counted(campaign) == {"accepted": 4, "skipped": 6}
        await campaign.resolve("capped", as_="planned", by="Ann")
        await run(campaign, client)
        assert await counted(campaign) == {"accepted": 10}
    with pytest.raises(ConfigurationError, match="caps"):
        client.with_options(caps=ONCE_A_DAY, quota=WithoutCaps())


class WithoutCaps:
    """A quota store as they were before there were caps."""

    def __init__(self) -> None:
        self._store = MemoryQuota()

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_caps"):
            raise AttributeError(name)
        return getattr(self._store, name)


def test_a_client_of_another_loop_is_refused_and_one_of_this_loop_counts_on(path: Path) -> None:
    """As for every other send: caps are the store's, and no loop's."""
    sandbox = Sandbox(keys={"cspro_made_up": 100})
    options: dict[str, Any] = {"api_key": "cspro_made_up", "quota": MemoryQuota(), "pace": None, "caps": ONCE_A_DAY}
    with sandbox.serve_in_thread():
        first, second = (AsyncClient(url=sandbox.url, **options) for _ in range(2))

        async def earlier() -> None:
            await first.send(people(2)[0], "Earlier today")

        async def later() -> dict[str, int]:
            async with Campaign.open(path) as campaign, second:
                await campaign.add(people(2), "Hello")
                with pytest.raises(ConfigurationError, match="belongs to another event loop"):
                    await run(campaign, first)
                await run(campaign, second)
                return await counted(campaign)

        asyncio.run(earlier())
        assert asyncio.run(later()) == {"accepted": 1, "skipped": 1}
