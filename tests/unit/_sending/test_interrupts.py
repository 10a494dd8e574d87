"""A signal's handler that raises in whatever line of the package, while a program is being ended already."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from customersms_async import AsyncClient, Limit, MemoryQuota
from support.places import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

PHONES = [f"+1212555{i:04}" for i in range(16)]
EVERY = 1 if "TORTURE" in os.environ else 151
"""Lines from one that is interrupted to the next."""


class Program:
    """One that is interrupted, goes on, and in line ``number`` of the package from then on is told to end at once."""

    def __init__(self, number: int, error: type[BaseException]) -> None:
        self.taken: list[str] = []
        self.told: list[str | None] = []
        self.came_to_it = False
        self._left = number
        self._error = error
        self._before = sys.gettrace()

    def run(self, way: Callable[[Program, AsyncClient], Any]) -> None:
        async def main() -> None:
            http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
            options: dict[str, Any] = {"quota": MemoryQuota(), "pace": None, "limits": Limit(999, 1), "batch_size": 2}
            options |= {"api_key": "cspro_k", "url": "http://localhost", "http_client": http}
            async with http, AsyncClient(**options) as client:
                await way(self, client)

        try:
            asyncio.run(main())
        except (KeyboardInterrupt, SystemExit, asyncio.CancelledError):
            pass
        finally:
            sys.settrace(self._before)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        phones = json.loads(request.content)["phone"]
        self.taken += map(id_of, phones)
        if len(self.taken) == len(PHONES) // 2:
            asyncio.get_running_loop().call_soon(self.interrupt)
        for _ in range(5):
            await asyncio.sleep(0)
        rows = [{"phone": phone, "success": True, "message_id": id_of(phone)} for phone in phones]
        return httpx.Response(200, json={"success": True, "results": rows})

    def interrupt(self) -> None:
        """Do as the first Ctrl-C does, and look on from now on."""
        for task in asyncio.all_tasks():
            if task.get_name() == "Task-1":
                task.cancel()
        sys.settrace(self._called)

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self._stepped if frame.f_code.co_filename.startswith(str(PACKAGE)) else None

    def _stepped(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        self._left -= event == "line"
        if not self._left and not self.came_to_it:
            self.came_to_it = True
            sys.settrace(self._before)
            raise self._error
        return self._stepped


def id_of(phone: str) -> str:
    return f"msg_{int(phone[-4:])}"


async def stream(program: Program, client: AsyncClient) -> None:
    async for outcome in client.stream(PHONES, "Hello"):
        program.told.append(outcome.message_id or outcome.code)


async def send_many(program: Program, client: AsyncClient) -> None:
    report = await client.send_many(PHONES, "Hello")
    program.told += [outcome.message_id for outcome in report.outcomes]


async def send(program: Program, client: AsyncClient) -> None:
    async def one(phone: str) -> None:
        program.told.append((await client.send(phone, "Hello")).message_id)

    await asyncio.gather(*map(one, PHONES))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("way", [stream, send_many, send])
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_in_whatever_line_a_program_is_told_to_end_each_text_taken_is_given_or_logged(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[Program, AsyncClient], Any],
    error: type[BaseException],
) -> None:
    caplog.set_level(logging.INFO, "customersms_async")
    monkeypatch.setattr(
        logging.getLogger("asyncio"), "disabled", True
    )  # it says of each task that was ended that nobody asked why
    for number in range(1 + (error is SystemExit), 10_000, EVERY):
        caplog.clear()
        program = Program(number, error)
        program.run(way)
        logged = re.findall(r"nobody waited for the text to .* \((msg_\d+|NO_ANSWER)\)", caplog.text)
        ids = [id_ for id_ in [*program.told, *logged] if id_ and id_.startswith("msg_")]
        unknown = logged.count("NO_ANSWER")
        assert set(ids) <= set(program.taken)
        assert len(program.taken) <= len(set(ids)) + unknown + 1, "one may be in the consumer's hands"
        assert len(ids) <= len(set(ids)) + 2, "those that were just being logged may be told once more"
        if not program.came_to_it:
            gc.collect()  # of tasks that nobody asks
            return
    raise AssertionError("it did not come to its end")
