"""``SQLiteQuota``: the contract, its file, its clock, and what a call costs."""

# ruff: noqa: ASYNC240 - a test may wait for its own small files

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customersms_async._core.buckets import Buckets
from customersms_async._core.layers import Layer, Usage, Wait
from customersms_async.quota._sqlite.file import QuotaFile
from customersms_async.quota.host_clock import Moment
from customersms_async.quota.sqlite import SQLiteQuota
from customersms_async.testing import QuotaStoreContract
from support.sqlite_host import HOLD_US, ONE, THREE, Clock, take, used

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from customersms_async.quota import QuotaStore


class TestSQLiteQuota(QuotaStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=tmp_path))

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[QuotaStore]:
        return SQLiteQuota(self.folder / "quota.sqlite", clock=lambda: Moment("a boot", clock(), 0))


# The file.


async def test_only_its_user_may_read_the_files_whatever_the_umask(store: SQLiteQuota, path: Path) -> None:
    before = os.umask(0)
    try:
        await take(store)
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == {"quota.db": 0o600, "quota.db-wal": 0o600, "quota.db-shm": 0o600}


async def test_nothing_is_made_before_the_first_use_and_one_file_stays_after_closing(
    store: SQLiteQuota, path: Path
) -> None:
    assert list(path.parent.iterdir()) == []
    await take(store)
    await store.aclose()
    assert list(path.parent.iterdir()) == [path]


async def test_an_existing_file_keeps_its_mode(make: Callable[..., SQLiteQuota], path: Path) -> None:
    async with make() as first:
        await take(first)
    path.chmod(0o640)
    await make().usage("key", ONE)
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o640}


async def test_a_restart_keeps_everything(make: Callable[..., SQLiteQuota], clock: Clock) -> None:
    async with make() as first:
        await first.settle("key", await take(first, THREE))
        clock.us = 100
        held = await take(first, THREE)
        await first.pause("key", 250)
    again = make()
    assert await again.take("key", THREE, HOLD_US) == Wait(250)
    assert await again.usage("key", THREE) == ((Usage(2, 900),), 250)
    clock.us = 700
    assert await again.usage("key", THREE) == ((Usage(2, 300),), 0)
    await again.settle("key", held)  # it lapsed at 600: too late
    clock.us = 1_600
    assert await used(again) == 0
    assert await take(again, THREE) == held + 1


async def test_two_stores_of_one_file_share_its_tokens(make: Callable[..., SQLiteQuota], path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    one, other = make(), make(link)
    held = await take(one)
    assert await other.take("key", ONE, HOLD_US) == Wait(1_000)
    await other.give_back("key", held)
    await take(one)
    await take(other, key="another key")


async def test_a_folder_and_a_name_may_hold_any_character(make: Callable[..., SQLiteQuota], tmp_path: Path) -> None:
    folder = tmp_path / "a b?c#d%20é"
    folder.mkdir()
    await take(make(folder / "quota?mode=memory"))
    assert (folder / "quota?mode=memory").stat().st_size > 0


def test_processes_share_the_tokens_of_a_key_exactly(path: Path) -> None:
    script = """if True:
        import asyncio, sys
        from customersms_async._core.layers import Layer
        from customersms_async.quota.sqlite import SQLiteQuota
        async def main():
            async with SQLiteQuota(sys.argv[1]) as store:
                while isinstance(taken := await store.take("key", (Layer(60, 10**12),), 10**12), int):
                    print(taken)
        asyncio.run(main())
    """
    command = [sys.executable, "-W", "error", "-c", script, str(path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]  # noqa: S603 - as above
    taken = [int(line) for each in started for line in each.communicate(timeout=60)[0].split()]
    assert sorted(taken) == list(range(1, 61))


# The clock.


@pytest.mark.parametrize("step_us", [-(10**12), -1, 1, 10**12])
async def test_a_wall_clock_that_steps_changes_nothing_while_the_machine_stays_up(
    make: Callable[..., SQLiteQuota], clock: Clock, step_us: int
) -> None:
    async with make() as first:
        await first.settle("key", await take(first))
    clock.us, clock.wall_us = 999, clock.wall_us + step_us
    again = make()
    assert await again.take("key", ONE, HOLD_US) == Wait(1)
    clock.us, clock.wall_us = 1_000, clock.wall_us - 2 * step_us
    await take(again)


@pytest.mark.parametrize(("wall_us", "wait_us"), [(999, 1), (400, 600), (0, 1_000), (-5_000, 1_000)])
async def test_across_a_reboot_the_wall_clock_tells_the_time(
    make: Callable[..., SQLiteQuota], clock: Clock, wall_us: int, wait_us: int
) -> None:
    clock.us = 50_000
    async with make() as first:
        await first.settle("key", await take(first))
    clock.reboot("second boot", wall_us=wall_us)
    again = make()
    assert await again.take("key", ONE, HOLD_US) == Wait(wait_us)
    clock.us += wait_us
    await take(again)


async def test_a_host_whose_boots_have_no_name_is_never_early(make: Callable[..., SQLiteQuota], clock: Clock) -> None:
    clock.boot, clock.us = "", 50_000
    async with make() as first:
        await first.settle("key", await take(first))
    clock.reboot("", wall_us=400)
    assert await make().take("key", ONE, HOLD_US) == Wait(600)
    clock.reboot("", wall_us=10**9)
    clock.us = 100  # more than when it was last looked at: nobody can tell that this is another boot
    assert await make().take("key", ONE, HOLD_US) == Wait(500)


async def test_clocks_of_two_containers_take_turns_and_only_their_first_looks_need_the_wall_clock(
    make: Callable[..., SQLiteQuota], clock: Clock
) -> None:
    """A container may have a name for the boot of its own, as systemd-nspawn and LXC give it."""
    store = make()
    clock.us = 50_000
    await store.settle("key", await take(store))
    for turn in range(1, 10):
        clock.boot, clock.us = ("another", 9_000_000 + 100 * turn) if turn % 2 else ("first boot", 50_000 + 100 * turn)
        clock.wall_us += 100 if turn == 1 else turn % 3 * 10**12 - 10**12
        assert await store.take("key", ONE, HOLD_US) == Wait(1_000 - 100 * turn)


async def test_a_container_without_a_name_for_the_boot_is_never_early(
    make: Callable[..., SQLiteQuota], clock: Clock
) -> None:
    store = make()
    clock.us = 50_000
    await store.settle("key", await take(store))
    for turn in range(1, 10):
        clock.boot, clock.us = ("", 9_000_000 + turn) if turn % 2 else ("first boot", 50_000 + turn)
        clock.wall_us += 100
        waits = await store.take("key", ONE, HOLD_US)
        assert isinstance(waits, Wait)
        assert waits.wait_us >= 1_000 - 100 * turn


async def test_only_so_many_clocks_are_remembered(path: Path, clock: Clock) -> None:
    with closing(QuotaFile(path, clock, 0.01)) as file:
        for boot in range(200):
            clock.reboot(str(boot), wall_us=1)
            with file.key("key") as rows:
                rows.take(ONE, HOLD_US)
        kept = [int(boot) for (boot,) in file._db.execute("SELECT boot FROM clocks ORDER BY now_us")]
    assert kept == list(range(135, 199))


async def test_a_clock_that_steps_back_stands_still(store: SQLiteQuota, clock: Clock) -> None:
    clock.us = 5_000
    await store.settle("key", await take(store))
    clock.us = 10
    assert await store.take("key", ONE, HOLD_US) == Wait(1_000)
    clock.us = 5_999
    assert await store.take("key", ONE, HOLD_US) == Wait(1)


# The rule, and its cost.


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[QuotaFile, Clock]]:
    """One file for all examples, each with a key of its own."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as name, closing(QuotaFile(Path(name) / "quota.db", clock, 0.01)) as file:
        yield file, clock


layers_of = st.lists(st.builds(Layer, st.integers(1, 5), st.integers(1, 40)), max_size=2).flatmap(
    lambda short: st.builds(lambda n: (*short, Layer(n, 40)), st.integers(1, 7))
)
calls = st.sampled_from(["take"] * 6 + ["settle"] * 4 + ["give_back", "pause", "renew", "look"])
steps = st.lists(st.tuples(calls, st.integers(0, 50), st.integers(-10, 15)), max_size=40)


@settings(max_examples=400)
@given(clients=st.lists(layers_of, min_size=1, max_size=3), schedule=steps)
def test_every_answer_is_that_of_the_buckets_in_memory(
    shared: tuple[QuotaFile, Clock], clients: list[tuple[Layer, ...]], schedule: list[tuple[str, int, int]]
) -> None:
    file, clock = shared
    buckets, granted = Buckets(), [0]
    clock.us += 1_000
    buckets.paused_us(clock.us)
    with file.key(key := f"began at {clock.us}"):
        pass  # both have seen this moment
    for call, which, later_us in schedule:
        clock.us += later_us
        layers, request, hold_us = clients[which % len(clients)], granted[which % len(granted)], 1 + which
        with file.key(key) as rows:
            if call == "take":
                taken = rows.take(layers, hold_us)
                assert taken == buckets.take(clock.us, layers, hold_us)
                granted += [taken] if isinstance(taken, int) else []
            elif call == "renew":
                rows.give_back(request)
                buckets.give_back(clock.us, request)
            elif call == "pause":
                rows.pause(which)
                buckets.pause(clock.us, which)
            elif call != "look":
                getattr(rows, call)(request)
                getattr(buckets, call)(clock.us, request)
            line = [(each, which) for each in clients]
            assert rows.usage(layers) == (buckets.usage(clock.us, layers), buckets.paused_us(clock.us))
            assert rows.forecast_us(line) == buckets.forecast_us(clock.us, line)


async def test_renewing_is_one_step(store: SQLiteQuota, clock: Clock) -> None:
    renewed = await store.renew("key", await take(store), ONE, HOLD_US)
    assert renewed == 2
    await store.pause("key", 300)
    assert await store.renew("key", 2, ONE, HOLD_US) == Wait(300)
    assert await used(store) == 0


def test_old_rows_go_and_the_file_stays_small(path: Path, clock: Clock) -> None:
    layers = (Layer(10, 1_000), Layer(500, 100_000))
    with closing(QuotaFile(path, clock, 0.01)) as file:
        for _ in range(20):
            with file.key("key") as rows:
                for _ in range(1_000):
                    while isinstance(taken := rows.take(layers, HOLD_US), Wait):
                        rows._now_us += taken.wait_us
                    rows.settle(taken)
                clock.us = rows._now_us
            count = file._db.execute("SELECT count(*) FROM settled").fetchone()[0]
            assert count <= 502
        clock.us += 10**9
        for _ in range(500):  # whoever was idle for long need not drop everything at once
            clock.us += 1_000
            with file.key("key") as rows:
                taken = rows.take(layers, HOLD_US)
                assert isinstance(taken, int)
                rows.settle(taken)
        assert file._db.execute("SELECT count(*) FROM settled").fetchone()[0] <= 110
    assert path.stat().st_size <= 100_000


def test_a_call_costs_as_many_indexed_look_ups_with_many_rows_as_with_few(path: Path, clock: Clock) -> None:
    layers = (Layer(50, 1_000), Layer(5_000, 10**9))
    statements: list[list[str]] = []

    def grant(file: QuotaFile) -> None:
        clock.us += 100
        with file.key("key") as rows:
            taken = rows.take(layers, HOLD_US)
            assert isinstance(taken, int)
        with file.key("key") as rows:
            rows.settle(taken)
        with file.key("key") as rows:
            rows.forecast_us([(layers, 100)])

    with closing(QuotaFile(path, clock, 0.01)) as file:
        for rows_before in (60, 4_000):
            while file._db.execute("SELECT count(*) FROM settled").fetchone()[0] < rows_before:
                grant(file)
            statements.append([])
            file._db.set_trace_callback(statements[-1].append)
            grant(file)
            file._db.set_trace_callback(None)
        few, many = statements
        assert len(few) == len(many) < 60
        for statement in {each for each in many if each.startswith(("SELECT", "UPDATE", "DELETE"))}:
            for *_, plan in file._db.execute(f"EXPLAIN QUERY PLAN {statement}"):
                assert plan == "SCAN clock" or plan.startswith("SEARCH "), statement
