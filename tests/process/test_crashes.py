"""What a process leaves behind when it goes down, and what its memory holds while it is up: nothing of the API key.

Each program reads the key from its standard input, so that no source line, argument or variable of the environment
holds it, and runs with ``-X dev``: asyncio in debug mode, every warning shown, faulthandler on.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from customersms_async._core.secret import PUBLIC_START
from support.echoing_gateway import KEY, PHONE, TEXT, echoing
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

PIECE = KEY[:PUBLIC_START]
START = f"""
import asyncio, faulthandler, gc, logging, os, sys, threading, time
from customersms_async import AsyncClient, CustomerSMSError, Limit, MemoryQuota

logging.basicConfig(level=1)
PHONE, TEXT, URL = {PHONE!r}, {TEXT!r}, sys.argv[1]

def make():
    options = dict(url=URL, limits=Limit(1_000, 1), pace=None, quota=MemoryQuota(), max_retries=0)
    return AsyncClient(api_key=sys.stdin.readline().strip(), **options)
"""


async def run(program: str, url: str, *, sources: Path, ends_its_input: asyncio.Event | None = None) -> tuple[int, str]:
    """The exit status, and all that it wrote; after the key its input ends at once, or when the event is set."""
    environment = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-c", START + program, url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=sources,
        env=environment,
    )
    if ends_its_input is not None:
        assert process.stdin is not None
        process.stdin.write(KEY.encode() + b"\n")
        await asyncio.wait_for(ends_its_input.wait(), PATIENCE)
    last = KEY.encode() if ends_its_input is None else b""
    written, _ = await asyncio.wait_for(process.communicate(last), PATIENCE)
    assert process.returncode is not None
    return process.returncode, written.decode(errors="replace")


CRASH = """
async def crash(client):
    raise RuntimeError("a bug of the application's")

async def main():
    asyncio.get_running_loop().slow_callback_duration = 0.02
    client = make()
    lost = [asyncio.create_task(client.send(PHONE, TEXT), name="lost"), asyncio.create_task(crash(client), name="bug")]
    await asyncio.wait(lost)
    del lost
    gc.collect()
    sending = asyncio.create_task(client.send(PHONE, TEXT))
    for _ in range(5):
        await asyncio.sleep(0.01)
    time.sleep(0.05)  # a slow callback, while a request is on its way
    await asyncio.sleep(0)
    client.send(PHONE, TEXT)  # never awaited
    gc.collect()
    asyncio.get_running_loop().call_exception_handler({"message": "oh", "client": client, "task": sending})
    for task in asyncio.all_tasks():
        task.print_stack()
    faulthandler.dump_traceback()
    os.abort()

asyncio.run(main())
"""


@pytest.mark.parametrize("answer", ["key refused", "a page"])
async def test_a_crash_tells_nothing_of_the_key(answer: str, tmp_path: Path) -> None:
    async with echoing(answer, held_from=2) as echo:
        status, written = await run(CRASH, echo.url, sources=tmp_path)
    assert status < 0
    for sign in (
        "Task exception was never retrieved",
        "a bug of the application's",
        "seconds",
        "was never awaited",
        "Fatal Python error: Aborted",
        "DEBUG:httpcore",
        "BatchRequest.post",
    ):
        assert sign in written, written
    assert PIECE not in written


UNHANDLED = """
def hook(kind, error, trace):
    import traceback
    print("".join(traceback.TracebackException(kind, error, trace, capture_locals=True).format()))

sys.excepthook = hook

async def main():
    async with make() as client:
        await client.send_many([PHONE, "+13235554567"], TEXT)
        await client.send(PHONE, TEXT)

asyncio.run(main())
"""


async def test_an_unhandled_error_with_every_variable_shown_tells_nothing_of_the_key(tmp_path: Path) -> None:
    async with echoing("no credits") as echo:
        status, written = await run(UNHANDLED, echo.url, sources=tmp_path)
    assert status == 1
    assert "InsufficientCreditsError" in written
    assert "recipients = " in written, "the variables are there"
    assert PIECE not in written


INTERRUPTED = """
import signal, traceback
loop = asyncio.new_event_loop()
client = make()
signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt(turns):  # the gateway may have read the request before the client has done with writing it
    loop.remove_reader(sys.stdin)
    loop.call_soon(interrupt, turns - 1) if turns else signal.raise_signal(signal.SIGINT)

loop.add_reader(sys.stdin, interrupt, 100)  # as it waits for an answer, and does nothing else
try:
    loop.run_until_complete(client.send(PHONE, TEXT))
except KeyboardInterrupt as error:
    print("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    for task in asyncio.all_tasks(loop):
        coroutine = task.get_coro()
        while coroutine is not None and hasattr(coroutine, "cr_frame"):
            print(coroutine, coroutine.cr_frame.f_locals)
            coroutine = coroutine.cr_await
"""


async def test_an_interrupt_in_a_loop_without_a_handler_tells_nothing_of_the_key(tmp_path: Path) -> None:
    async with echoing("nothing", held_from=1) as echo:
        _, written = await run(INTERRUPTED, echo.url, sources=tmp_path, ends_its_input=echo.asked)
    assert "KeyboardInterrupt" in written
    assert "Transport.post" in written
    assert PIECE not in written


MEMORY = """
import types

async def main():
    client = make()
    start = client._session.secret.reveal()[:12]
    for _ in range(3):
        try:
            await client.send(PHONE, TEXT)
        except CustomerSMSError as error:
            pass
    async for _ in client.stream([PHONE, "+13235554567"], TEXT):
        pass
    await asyncio.sleep(0.05)
    gc.collect()
    own = {id(client._session.secret._own)}
    if client._session.secret._shapes is not None:  # something has looked like the key
        (cell,) = client._session.secret._shapes.__closure__
        own |= {id(cell), id(cell.cell_contents), *map(id, cell.cell_contents)}
    # Python 3.12 shows what the module _asyncio keeps for reuse, although it is dead: let go of once more, it is kept
    # twice, and the list of such things becomes a ring that the interpreter goes round for ever as it ends.
    own.add(id(sys.modules["_asyncio"]))
    here = sys._getframe()
    for holder in gc.get_objects():
        if id(holder) in own or holder is here or isinstance(holder, (types.FrameType, types.CoroutineType)):
            continue
        for held in gc.get_referents(holder):
            if isinstance(held, str) and start in held and len(held) > 12:
                print("FOUND", type(holder), repr(holder)[:200])
            elif isinstance(held, (bytes, bytearray)) and start.encode() in held:
                print("FOUND", type(holder), repr(holder)[:200])
    print("looked at", len(gc.get_objects()))
    await client.aclose()

logging.getLogger().setLevel(logging.ERROR)
asyncio.run(main())
"""


@pytest.mark.parametrize("answer", ["headers", "no status line"])
async def test_when_requests_are_over_nothing_in_memory_holds_the_key_but_its_secret(
    answer: str, tmp_path: Path
) -> None:
    async with echoing(answer) as echo:
        _, written = await run(MEMORY, echo.url, sources=tmp_path)
    assert "looked at" in written, written
    assert "FOUND" not in written, written
