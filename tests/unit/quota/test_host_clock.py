"""The clock of a host, which is one whatever time namespace a process is in."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from customersms_async.quota.host_clock import Moment, boot_clock, host_moment, later, passed_us

BOOT = "f7979de0-6e38-4421-96d4-3295af874e14"
INITIAL, OTHER = "time:[4026531834]", "time:[4026532212]"
OFFSETS = "monotonic         -7         5\nboottime      100000         3\n"


def proc(folder: Path, *, own: str | None = INITIAL, children: str | None = None, offsets: str | None = OFFSETS) -> str:
    """What such a process sees of itself."""
    (folder / "sys/kernel/random").mkdir(parents=True)
    (folder / "sys/kernel/random/boot_id").write_text(f"{BOOT}\n")
    (folder / "self/ns").mkdir(parents=True)
    (folder / "self/ns/pid").symlink_to("pid:[4026531836]")
    for name, link in (("time", own), ("time_for_children", children or own)):
        if link is not None:
            (folder / "self/ns" / name).symlink_to(link)
    if offsets is not None:
        (folder / "self/timens_offsets").write_text(offsets)
    return str(folder)


def test_time_that_has_passed_is_never_negative_and_an_up_time_stands_still() -> None:
    assert passed_us(Moment("a", 10, 0), Moment("a", 4, 99)) == 0
    assert later(Moment("a", 10, 0), Moment("a", 4, 99)) == Moment("a", 10, 99)
    assert later(Moment("a", 10, 0), Moment("b", 4, 99)) == Moment("b", 4, 99)


def test_from_one_boot_to_another_the_wall_clock_tells() -> None:
    assert passed_us(Moment("a", 10, 50), Moment("b", 99, 57)) == 7
    assert passed_us(Moment("a", 10, 50), Moment("b", 99, 40)) == 0


@pytest.mark.parametrize("boots", [("", ""), ("a", ""), ("", "a")])
def test_without_a_name_the_shorter_time_counts(boots: tuple[str, str]) -> None:
    last, now = boots
    assert passed_us(Moment(last, 10, 50), Moment(now, 99, 57)) == 7
    assert passed_us(Moment(last, 10, 50), Moment(now, 12, 99)) == 2
    assert passed_us(Moment(last, 10, 50), Moment(now, 12, 40)) == 0
    assert passed_us(Moment(last, 10, 50), Moment(now, 4, 57)) == 7, "another clock for sure"
    assert later(Moment(last, 10, 50), Moment(now, 4, 57)) == Moment(now, 4, 57)


def test_the_host_has_one_boot_and_its_time_goes_forward() -> None:
    first, second = host_moment(), host_moment()
    assert first.boot == second.boot
    assert bool(first.boot) is Path("/proc/sys/kernel/random/boot_id").exists()
    assert 0 < first.up_us <= second.up_us
    assert first.wall_us > 10**15


@pytest.mark.parametrize("offsets", [OFFSETS, None])
def test_in_the_first_namespace_the_clock_is_the_hosts_own(tmp_path: Path, offsets: str | None) -> None:
    assert boot_clock(proc(tmp_path, children=OTHER, offsets=offsets)) == (BOOT, 0)


def test_a_kernel_without_time_namespaces_has_one_clock(tmp_path: Path) -> None:
    assert boot_clock(proc(tmp_path, own=None)) == (BOOT, 0)


def test_in_another_namespace_the_clock_is_ahead_by_what_it_says(tmp_path: Path) -> None:
    assert boot_clock(proc(tmp_path, own=OTHER)) == (BOOT, 100_000_000_000_003)


@pytest.mark.parametrize("offsets", ["boottime -2 999999999", "monotonic 3 0\n7 -2 999999999\n"])
def test_a_clock_may_be_behind_and_a_number(tmp_path: Path, offsets: str) -> None:
    assert boot_clock(proc(tmp_path, own=OTHER, offsets=offsets)) == (BOOT, -1_000_000_001)


@pytest.mark.parametrize("offsets", [None, "", "boottime", "boottime soon 0", "monotonic 3 0", "boottime é 0"])
def test_a_namespace_that_does_not_say_leaves_the_clock_without_a_name(tmp_path: Path, offsets: str | None) -> None:
    assert boot_clock(proc(tmp_path, own=OTHER, offsets=offsets)) == ("", 0)


def test_offsets_of_the_next_child_are_not_those_of_the_process(tmp_path: Path) -> None:
    assert boot_clock(proc(tmp_path, own=OTHER, children="time:[4026532213]")) == ("", 0)


@pytest.mark.parametrize("hidden", ["sys/kernel/random/boot_id", "self"])
def test_what_is_hidden_leaves_the_clock_without_a_name(tmp_path: Path, hidden: str) -> None:
    place = proc(tmp_path)
    shutil.rmtree(tmp_path / hidden) if (tmp_path / hidden).is_dir() else (tmp_path / hidden).unlink()
    assert boot_clock(place) == ("", 0)
    assert boot_clock(f"{place}/nothing") == ("", 0)


SPEND = """if True:
    import asyncio, sys
    from customersms_async import Limit
    from customersms_async._core.layers import layers
    from customersms_async.quota.sqlite import SQLiteQuota

    async def main():
        async with SQLiteQuota(sys.argv[1]) as store:
            count = 0
            while isinstance(taken := await store.take("key", layers([Limit(20, 600)]), 35_000_000), int):
                await store.settle("key", taken)
                count += 1
            print(count)
    asyncio.run(main())
"""


@pytest.fixture(scope="module")
def unshare() -> str:
    """The program that starts others in time namespaces of their own, where the system allows it."""
    program = shutil.which("unshare")
    command = [str(program), "--time", "--boottime", "1000", "--fork", "true"]
    if program is None or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603 - see above
        pytest.skip("no time namespace can be made here")
    return program


def test_containers_with_time_namespaces_of_their_own_share_the_quota_of_a_file(unshare: str, tmp_path: Path) -> None:
    """Their clocks are a day ahead, half of its uptime behind and eleven days ahead of the host's."""
    granted = []
    behind = int(time.clock_gettime(time.CLOCK_BOOTTIME)) // 2  # a clock can't be set to before zero
    for seconds in (0, 86_400, -behind, 1_000_000, 0, 86_400):
        within = [unshare, "--time", "--boottime", str(seconds), "--fork"] if seconds else []
        command = [*within, sys.executable, "-c", SPEND, str(tmp_path / "quota.db")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our script
        granted.append(int(done.stdout))
    assert granted == [20, 0, 0, 0, 0, 0]


def test_a_child_that_is_forked_into_another_namespace_reads_its_own_offsets(unshare: str) -> None:
    script = """if True:
        import ctypes, os, sys
        from customersms_async.quota.host_clock import host_moment
        before = host_moment()
        assert ctypes.CDLL(None, use_errno=True).unshare(0x80) == 0  # CLONE_NEWTIME: for the children to come
        with open("/proc/self/timens_offsets", "w") as offsets:
            offsets.write("boottime 86400 0")
        own = host_moment()
        if child := os.fork():
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        for now in (own, host_moment()):
            assert now.boot == before.boot and 0 <= now.up_us - before.up_us < 60_000_000, (before, now)
        os._exit(0)
    """
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)  # noqa: S603 - our own script
