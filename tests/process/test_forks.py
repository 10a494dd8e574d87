"""A process forked after use, as gunicorn's --preload and multiprocessing do it: nothing is lost, nobody hangs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING

import pytest

from customersms_async._runtime.file_thread import ClosedError, FileThread

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

HEAD = """
import asyncio, gc, multiprocessing, os, signal, sys, threading, time, warnings
from customersms_async import Campaign, LedgerError, Limit, MemoryQuota, QuotaStoreError, SQLiteQuota
from customersms_async._core.layers import Layer
warnings.filterwarnings("ignore", "This process .* is multi-threaded")  # so newer Pythons say of every fork
gc.freeze()  # a child that ends copies what it collects
FOREVER, MANY = 10**15, 100
LAYERS = (Layer(MANY, FOREVER),)

def in_processes(number, work):
    '''The exit statuses of so many processes that multiprocessing forks.'''
    processes = [multiprocessing.get_context("fork").Process(target=work) for _ in range(number)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]

def in_children(number, work):
    '''The exit statuses of so many forked children, which end as a forked program does.'''
    pids = []
    for _ in range(number):
        pid = os.fork()
        if not pid:
            signal.alarm(60)
            work()
            sys.exit(0)
        pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
"""


def run(script: str, *arguments: object) -> str:
    """What a program prints that begins like ``HEAD``."""
    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", HEAD + textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    return ended.stdout


def test_children_of_a_used_quota_file_share_it(tmp_path: Path) -> None:
    """Every commit of every process is kept, and none of them waits for a lock that nobody holds."""
    script = """
    store = SQLiteQuota(sys.argv[1])
    def grab(times):
        async def take():
            return [await store.take("key", LAYERS, FOREVER) for _ in range(times)]
        return sum(isinstance(granted, int) for granted in asyncio.run(take()))
    def child():
        with open(f"{sys.argv[1]}.{os.getpid()}.granted", "w") as file:
            file.write(str(grab(5)))
    assert grab(10) == 10
    print(set(in_children(16, child)))
    print(grab(MANY))
    """
    path = tmp_path / "quota.db"
    said = run(script, path).split("\n")
    granted = sum(int(file.read_text()) for file in tmp_path.glob("*.granted"))
    assert said == ["{0}", str(100 - 10 - granted), ""]
    assert granted == 80
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM held").fetchone() == (100,)


def test_a_fork_among_threads_that_use_a_memory_quota_never_leaves_it_locked(tmp_path: Path) -> None:
    script = """
    store, over = MemoryQuota(), False
    def hammer():
        while not over:
            store.take_now("key", (Layer(10**9, 10**9),), 10)
    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    print(set(in_children(60, lambda: store.take_now("key", (Layer(10**9, 10**9),), 10))))
    over = True
    """
    assert run(script) == "{0}\n"


APP = """
import asyncio, os, sys
from customersms_async import SQLiteQuota
from customersms_async._core.layers import Layer

LAYERS = (Layer(60, 10**15),)
store = SQLiteQuota(os.environ["QUOTA"])
first = asyncio.run(store.take("key", LAYERS, 10**15))  # used before the workers are forked, if they are
with open(os.environ["QUOTA"] + f".{os.getpid()}.first", "w") as file:
    file.write(str(int(isinstance(first, int))))

async def app(scope, receive, send):
    assert scope["type"] == "http"
    granted = isinstance(await store.take("key", LAYERS, 10**15), int)
    body = f"{os.getpid()} {int(granted)}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
"""


@pytest.mark.parametrize("preload", [True, False])
def test_workers_of_gunicorn_share_a_quota_file(tmp_path: Path, preload: bool) -> None:
    (tmp_path / "shop.py").write_text(APP, encoding="utf-8")
    place = tmp_path / "socket"
    options = ["--bind", f"unix:{place}", "--workers", "4", "--worker-class", "uvicorn_worker.UvicornWorker"]
    options += ["--log-level", "warning"]
    command = [sys.executable, "-W", "ignore", "-m", "gunicorn", *options, *(["--preload"] if preload else [])]
    environment = os.environ | {"QUOTA": str(tmp_path / "quota.db"), "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    server = subprocess.Popen([*command, "shop:app"], env=environment, cwd=tmp_path)  # noqa: S603 - our own app
    try:
        answers = [asked(place) for _ in range(100)]
        until = time.monotonic() + 60
        while len({pid for pid, _ in answers}) == 1 and time.monotonic() < until:  # the others may still be starting
            answers.append(asked(place))
    finally:
        server.terminate()
        server.wait(60)
    firsts = [int(file.read_text(encoding="utf-8")) for file in tmp_path.glob("*.first")]
    assert len(firsts) == 1 if preload else len(firsts) > 1
    assert sum(int(granted) for _, granted in answers) + sum(firsts) == 60
    assert len({pid for pid, _ in answers}) > 1


def asked(place: Path) -> tuple[str, str]:
    """What a worker answers, over a connection of its own."""
    until = time.monotonic() + 60
    with socket.socket(socket.AF_UNIX) as connection:
        while connection.connect_ex(str(place)):
            assert time.monotonic() < until
            time.sleep(0.05)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
        with connection.makefile("rb") as answer:
            pid, granted = answer.read().decode().partition("\r\n\r\n")[2].split()
    return pid, granted


def test_a_child_looks_at_its_parent_s_ledger_by_itself(tmp_path: Path) -> None:
    """What it inherited is refused, and harms nobody; the parent goes on, its run lock its own."""
    script = """
    async def look(path):
        async with Campaign.open(path) as campaign:
            return (await campaign.counts())["planned"]
    async def main(path):
        async with Campaign.open(path) as campaign:
            await campaign.add([f"+1212{n:07}" for n in range(50)], "Hello")
            await campaign.ledger.become_runner()
            def child():
                try:
                    asyncio.run(campaign.counts())
                except LedgerError as error:
                    assert "this process was forked" in str(error), error
                assert asyncio.run(look(path)) == 50
            print(set(in_processes(8, child)))
            print(set(in_processes(1, lambda: None)))
            await campaign.ledger.suppress(["+12120000000"], "a page")
            await campaign.ledger.leave_running()
            print(await campaign.counts() == await campaign.counts(), await look(path))
    asyncio.run(main(sys.argv[1]))
    print(sorted(os.listdir(os.path.dirname(sys.argv[1]))))
    """
    said = run(script, tmp_path / "ledger").split("\n")
    assert said == ["{0}", "{0}", "True 49", "['ledger', 'ledger.lock']", ""]


def test_a_child_does_not_pass_for_its_parent_in_a_database(shared_postgres: PostgresServerProcess) -> None:
    """What it inherited is refused, also when it closes it; the parent goes on as the one runner."""
    script = """
    async def leave(campaign):
        try:
            await campaign.ledger.become_runner()
        except LedgerError as error:
            assert "a campaign is running on it" in str(error), error
        for call in (campaign.counts, campaign.ledger.recover, lambda: campaign.pause(by="Ann")):
            try:
                await call()
            except LedgerError as error:
                assert "this process was forked" in str(error), error
            else:
                sys.exit(9)
        await campaign.__aexit__(None, None, None)
    async def look(address):
        async with Campaign.open(address, create=False) as campaign:
            try:
                await campaign.ledger.become_runner()
            except LedgerError as error:
                return "a campaign is running on it" in str(error)
    async def main(address):
        async with Campaign.open(address) as campaign:
            await campaign.add(["+12120000000"], "Hello")
            await campaign.ledger.become_runner()
            def child():
                asyncio.run(leave(campaign))
                assert asyncio.run(look(address))
            print(set(in_processes(4, child)), await look(address))
    asyncio.run(main(sys.argv[1]))
    """
    assert run(script, f"{shared_postgres.url()}#spring") == "{0} True\n"


def test_a_child_that_outlives_its_parent_does_not_keep_the_run_lock(tmp_path: Path) -> None:
    first = """
    async def main(path):
        async with Campaign.open(path) as campaign:
            await campaign.add(["+12120000000"], "Hello")
            await campaign.ledger.become_runner()
            if not os.fork():
                os.read(0, 1)
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)
    asyncio.run(main(sys.argv[1]))
    """
    again = """
    async def main(path):
        async with Campaign.open(path) as campaign:
            await campaign.ledger.become_runner()
            print("mine")
    asyncio.run(main(sys.argv[1]))
    """
    command = [sys.executable, "-c", HEAD + textwrap.dedent(first), str(tmp_path / "ledger")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as parent:  # noqa: S603 - the child ends with our end of it
        assert parent.wait(60) == -signal.SIGKILL
        assert run(again, tmp_path / "ledger") == "mine\n"


def test_a_fork_in_the_middle_of_an_adding_leaves_the_parent_to_finish_and_refuses_the_child(tmp_path: Path) -> None:
    script = """
    async def main(path):
        async def slowly():
            for number in range(2_000):
                if number == 1_500:
                    def child():
                        async def look():
                            async with Campaign.open(path):
                                pass
                        try:
                            asyncio.run(look())
                        except LedgerError as error:
                            assert "was being written to when this process was forked" in str(error), error
                        else:
                            sys.exit(9)
                    print(in_processes(1, child))
                yield f"+1212{number:07}"
        async with Campaign.open(path) as campaign:
            await campaign.add(slowly(), "Hello")
            print((await campaign.counts())["planned"])
    asyncio.run(main(sys.argv[1]))
    """
    assert run(script, tmp_path / "ledger") == "[0]\n2000\n"


def test_a_file_that_is_in_use_for_too_long_is_refused_in_the_child(tmp_path: Path) -> None:
    """And the thread that was to close it goes on as if nothing had happened."""

    class File:
        closed = False

        def close(self) -> None:
            self.closed = True

        def let_go(self) -> bool:
            self.closed = True
            return True

    path = tmp_path / "file"
    path.touch()
    files: list[File] = []

    def open_file() -> File:
        files.append(File())
        return files[-1]

    over = threading.Event()
    thread = FileThread("a test", path, open_file, fork_patience=0.01)
    job = thread.submit(lambda _: over.wait())
    thread.before_fork()
    over.set()
    thread.after_fork()
    assert job.result()
    assert thread.submit(lambda file: file.closed).result() is False, "it was not closed when the fork was over"
    thread.before_fork()
    thread.after_fork()
    assert thread.submit(lambda file: file is files[1]).result(), "it is opened anew after a fork that closed it"
    assert [file.closed for file in files] == [True, False]
    thread.stop().result()
    with pytest.raises(ClosedError):
        thread.submit(lambda _: None)


def test_what_a_fork_does_not_need_to_know_of_is_not_kept(tmp_path: Path) -> None:
    script = """
    import gc, weakref
    from customersms_async._runtime import forks
    before = len(forks._holders)
    stores = [MemoryQuota() for _ in range(5)]
    assert len(forks._holders) == before + 5
    del stores
    gc.collect()
    assert len(forks._holders) == before
    """
    assert run(script) == ""


def test_a_child_forks_as_fast_as_its_parent_and_its_children_may_use_the_files(tmp_path: Path) -> None:
    script = """
    store = SQLiteQuota(sys.argv[1])
    async def take():
        return await store.take("key", LAYERS, FOREVER)
    assert asyncio.run(take()) == 1
    def child():
        began = time.monotonic()
        assert set(in_children(3, lambda: asyncio.run(take()))) == {0}
        assert time.monotonic() - began < 8, "no fork waited for a thread that is not there"
    print(in_children(1, child))
    """
    assert run(script, tmp_path / "quota.db") == "[0]\n"


def test_a_fork_that_is_cut_short_keeps_no_later_one_from_happening(tmp_path: Path) -> None:
    script = """
    from customersms_async._runtime.file_thread import FileThread
    class File:
        def close(self): pass
        def let_go(self): return True
    def interrupt(*_):
        raise TimeoutError
    signal.signal(signal.SIGALRM, interrupt)
    thread, over = FileThread("a test", __import__("pathlib").Path(sys.argv[1]), File), threading.Event()
    quota = MemoryQuota()
    thread.submit(lambda _: over.wait())
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    sys.unraisablehook = lambda _: None
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    over.set()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    print(set(in_children(3, lambda: quota.take_now("key", LAYERS, 10))), quota.take_now("key", LAYERS, 10))
    thread.stop().result()
    """
    assert run(script, tmp_path / "file") == "{0} 1\n"


def test_a_fork_in_a_signal_handler_finds_no_lock_of_its_own_thread(tmp_path: Path) -> None:
    script = """
    quota, children = MemoryQuota(), []
    def take():
        quota.take_now("key", (Layer(10**9, 10**9),), 10)
        os._exit(0)  # a SystemExit may be raised in a weak reference's callback here, which swallows it
    def handle(*_):
        children.extend(in_children(1, take))
    signal.signal(signal.SIGALRM, handle)
    for _ in range(30):
        before = len(children)
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        while len(children) == before:
            quota.take_now("key", (Layer(10**9, 10**9),), 10)
            MemoryQuota()
    print(set(children), len(children))
    """
    assert run(script) == "{0} 30\n"
