"""Another server takes over, and may lack what the one before had acknowledged: so it is doubted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from customersms_async import (
    ConfigurationError,
    IdempotencyStoreError,
    PostgresIdempotency,
    PostgresQuota,
    QuotaStoreError,
)
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.layers import Layer, Usage, Wait
from customersms_async.cli.app import app
from customersms_async.cli.quota import open_quota
from customersms_async.testing import ManualClock
from support.postgres_servers import folder_of_its_user, postgres_server
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from support.postgres_servers import PostgresServerProcess

LAYERS = (Layer(2, 100), Layer(3, 1_000))
KEEP = 60.0
ASKED = [(b"the key of 16 by", b"content")]
OLD = "UPDATE customersms.places SET system = system - 1 WHERE place = (SELECT max(place) FROM customersms.places)"
"""What the database says then is what it says after a restore elsewhere: it was used on another server."""


def take_over(server: PostgresServerProcess) -> None:
    server.sql(OLD, database="app")


def trust(server: PostgresServerProcess) -> None:
    assert CliRunner().invoke(app, ["ledger", "trust", server.url()]).output.startswith("the server is trusted")


async def taken(store: PostgresQuota, hold_us: int, key: str = "key") -> int:
    granted = await store.take(key, LAYERS, hold_us)
    assert isinstance(granted, int), granted
    return granted


async def test_nothing_is_granted_for_the_longest_hold_and_each_window_counts_as_full_at_its_end(
    shared_postgres: PostgresServerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    async with PostgresQuota(shared_postgres.url(), clock=clock, timeout=PATIENCE) as store:
        await store.give_back("key", await taken(store, 700))
        await store.settle("key", await taken(store, 500))
        clock.us += 10_000
        take_over(shared_postgres)
        assert await store.take("key", LAYERS, 500) == Wait(1_700)
        assert (await store.usage("key", LAYERS))[0] == (Usage(2, 800), Usage(3, 1_700))
        assert await store.forecast_us("key", [(LAYERS, 1)]) == 1_700
        assert await store.forecast_us("key", [(LAYERS[:1], 1)]) == 800
        clock.us += 799
        assert await store.take("key", LAYERS[:1], 500) == Wait(1)
        assert await store.take("new", LAYERS, 500) == Wait(901), "a key may be forgotten altogether"
        clock.us += 1
        granted = await store.take("key", LAYERS[:1], 500)
        assert isinstance(granted, int)
        await store.settle("key", granted)
        clock.us += 899
        assert await store.take("key", LAYERS, 500) == Wait(1)
        clock.us += 1
        await taken(store, 500)
        assert (await store.usage("key", LAYERS))[0] == (Usage(1, 100), Usage(2, 100))
    assert [record.message.partition(",")[0] for record in caplog.records] == ["another PostgreSQL server took over"]


async def test_whoever_trusts_a_fail_over_goes_on_and_a_person_ends_the_doubt_of_the_others(
    shared_postgres: PostgresServerProcess,
) -> None:
    url = shared_postgres.url()
    async with (
        PostgresQuota(url, timeout=PATIENCE) as store,
        PostgresQuota(url, timeout=PATIENCE, failover="trust") as trusting,
    ):
        hour = (Layer(3, 3_600_000_000),)
        assert isinstance(await store.take("key", hour, 500_000), int)
        take_over(shared_postgres)
        assert isinstance(await trusting.take("key", hour, 500_000), int)
        assert (await trusting.usage("key", hour))[0][0].used == 2
        assert (await store.usage("key", hour))[0][0].used == 3
        assert isinstance(await store.take("key", hour, 500_000), Wait)
        trust(shared_postgres)
        assert isinstance(await store.take("key", hour, 500_000), int)


@pytest.mark.parametrize(("option", "trusts"), [("", False), ("?failover=stop", False), ("?failover=trust", True)])
async def test_a_commands_quota_trusts_a_fail_over_if_its_url_says_so(
    shared_postgres: PostgresServerProcess, *, option: str, trusts: bool
) -> None:
    hour = (Layer(3, 3_600_000_000),)
    async with open_quota(shared_postgres.url() + option) as quota:
        assert isinstance(await quota.take("key", hour, 500_000), int)
        take_over(shared_postgres)
        assert isinstance(await quota.take("key", hour, 500_000), int) is trusts


async def test_a_commands_quota_refuses_another_word_for_a_fail_over() -> None:
    with pytest.raises(ConfigurationError, match="failover must be"):
        async with open_quota("postgresql://host/app?failover=perhaps"):
            pass


async def test_no_key_is_claimed_until_a_person_says_that_nothing_is_missing_or_it_would_be_forgotten(
    shared_postgres: PostgresServerProcess,
) -> None:
    clock, url = ManualClock(10**12), shared_postgres.url()
    async with (
        PostgresIdempotency(url, keep=KEEP, clock=clock, timeout=PATIENCE) as store,
        PostgresIdempotency(url, keep=KEEP, clock=clock, timeout=PATIENCE, failover="trust") as trusting,
    ):
        assert await store.claim(Claim(b"claim-one-", 10**7), ASKED) == [None]
        for _ in range(2):
            take_over(shared_postgres)
            with pytest.raises(IdempotencyStoreError, match=r"keys may be missing there.*ledger trust") as caught:
                await store.claim(Claim(b"claim-two-", 10**7), [(b"another", b"content")])
            assert not caught.value.temporary
            assert (await store.look([ASKED[0][0]]))[0] is not None
            trust(shared_postgres)
            assert (await store.claim(Claim(b"claim-two-", 10**7), ASKED))[0] is not None
        take_over(shared_postgres)
        with pytest.raises(IdempotencyStoreError, match="keys may be missing"):
            await store.claim(Claim(b"claim-4---", 10**7), [(b"a fourth", b"content")])
        assert await trusting.claim(Claim(b"claim-3---", 10**7), [(b"a third", b"content")]) == [None]
        clock.us += round(KEEP * 1e6)
        assert await store.claim(Claim(b"claim-4---", 10**7), [(b"a fourth", b"content")]) == [None]


async def test_a_promoted_standby_that_lacks_the_latest_commits_grants_and_claims_nothing() -> None:
    """A real one, which was stopped before them."""
    with postgres_server() as old, folder_of_its_user() as folder:
        hour = (Layer(3, 3_600_000_000),)
        async with PostgresQuota(old.url(), timeout=PATIENCE) as store:
            assert isinstance(await store.take("key", hour, 500_000), int)
        new = old.copy(folder)
        try:
            new.stop()
            async with (
                PostgresQuota(
                    f"postgresql://app@127.0.0.1:{old.port},127.0.0.1:{new.port}/app?target_session_attrs=read-write",
                    timeout=PATIENCE,
                ) as store,
                PostgresIdempotency(new.url(), timeout=PATIENCE) as on_new,
                PostgresIdempotency(old.url(), timeout=PATIENCE) as on_old,
            ):
                for _ in range(2):
                    assert isinstance(await store.take("key", hour, 500_000), int)
                assert await on_old.claim(Claim(b"claim-one-", 10**8), ASKED) == [None]
                old.stop()
                with pytest.raises(QuotaStoreError) as caught:
                    await store.take("key", hour, 500_000)
                assert caught.value.temporary
                new.start(ready=False)
                with pytest.raises(IdempotencyStoreError, match="it is a standby"):
                    await on_new.claim(Claim(b"claim-two-", 10**8), ASKED)
                new.promote()
                assert await on_new.look([ASKED[0][0]]) == [None], "it was lost"
                with pytest.raises(IdempotencyStoreError, match="keys may be missing"):
                    await on_new.claim(Claim(b"claim-two-", 10**8), ASKED)
                told = await store.take("key", hour, 500_000)
                assert isinstance(told, Wait)
                assert told.wait_us > 3_590_000_000
                trust(new)
                assert isinstance(await store.take("key", hour, 500_000), int)
        finally:
            new.stop()
