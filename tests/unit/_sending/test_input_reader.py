"""The reader of a bulk send: how far ahead it reads, and what it does when its source is slow, or fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import ConfigurationError, Message
from customersms_async._core.intake import Intake
from customersms_async._sending.input_reader import IDLE_SECONDS, YIELD_EVERY, InputReader, check_recipients
from support import virtual_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from customersms_async._core.batching import Batch
    from customersms_async.models import Outcome


class Taker:
    """Takes batches until it holds ``most`` of them, and says when everything has been read."""

    def __init__(self, batch_size: int = 2, *, most: int = 100, reads_all: bool = False) -> None:
        self.lines: list[list[str]] = []
        self.refused: list[Outcome] = []
        self.most = most
        self.ended = asyncio.get_running_loop().create_future()
        intake = Intake("Hello", batch_size, 8 * batch_size, None if reads_all else 8 * batch_size)
        self.reader = InputReader(asyncio.get_running_loop(), intake, self, reads_all=reads_all)

    @property
    def full(self) -> bool:
        return len(self.lines) >= self.most

    def line_up(self, batch: Batch) -> None:
        self.lines.append(batch.phones)

    def refuse(self, outcome: Outcome) -> None:
        self.refused.append(outcome)

    def all_read(self, error: BaseException | None) -> None:
        self.ended.set_result(error)


def numbers(count: int) -> list[str]:
    return [f"+1212555{i:04}" for i in range(count)]


def test_a_list_in_order_that_makes_one_batch_is_read_at_once() -> None:
    async def main() -> None:
        taker = Taker(100, reads_all=True)
        taker.reader.begin(numbers(100))
        assert taker.ended.done()
        assert taker.lines == [numbers(100)]

    virtual_loop.run(main())


@pytest.mark.parametrize("recipients", [numbers(3), [*numbers(1), "nobody"], tuple(numbers(3)), iter(numbers(2))])
def test_any_other_is_read_when_the_loop_comes_to_it(recipients: Any) -> None:
    async def main() -> None:
        taker = Taker(2, reads_all=True)
        taker.reader.begin(recipients)
        assert not taker.ended.done()
        assert await taker.ended is None
        assert len(taker.refused) + sum(map(len, taker.lines)) in (2, 3)

    virtual_loop.run(main())


def test_nothing_is_read_ahead_of_a_taker_that_is_full() -> None:
    async def main() -> None:
        read = 0

        def source() -> Iterator[str]:
            nonlocal read
            for number in numbers(100):
                read += 1
                yield number

        taker = Taker(2, most=3)
        taker.reader.begin(source())
        await asyncio.sleep(1)
        assert (len(taker.lines), read) == (3, 6)
        assert taker.reader.paused is not None
        taker.most = 5
        taker.reader.go_on()
        await asyncio.sleep(1)
        assert (len(taker.lines), read) == (5, 10)
        taker.reader.stop()
        assert await taker.ended is None

    virtual_loop.run(main())


def test_everything_that_was_read_is_taken_in_when_it_is_stopped() -> None:
    async def main() -> None:
        loop, read = asyncio.get_running_loop(), 0

        def source() -> Iterator[str]:
            nonlocal read
            for i, number in enumerate(numbers(1_000)):
                read += 1
                if i == YIELD_EVERY - 1:
                    loop.call_soon(taker.reader.stop)  # before the loop's next turn, so in the middle of a batch
                yield number if i % 7 else "nobody"

        taker = Taker(100)
        taker.reader.begin(source())
        assert await taker.ended is None
        assert YIELD_EVERY < read < 1_000
        assert len(taker.refused) + sum(map(len, taker.lines)) == read

    virtual_loop.run(main())


def test_a_source_that_falls_silent_keeps_no_part_of_a_batch_waiting() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def source() -> AsyncIterator[str]:
            yield numbers(2)[0]
            await asyncio.sleep(IDLE_SECONDS / 2)
            yield numbers(2)[1]
            await asyncio.sleep(60)

        taker = Taker(100)
        taker.reader.begin(source())
        began = loop.time()
        while not taker.lines:  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(0.001)
        assert loop.time() - began == pytest.approx(1.5 * IDLE_SECONDS, abs=0.01)
        assert taker.lines == [numbers(2)]
        assert await taker.ended is None

    virtual_loop.run(main())


@pytest.mark.parametrize("reads_all", [False, True], ids=["stream", "send_many"])
def test_what_came_before_the_error_of_a_source_counts_unless_all_is_read_first(reads_all: bool) -> None:
    def source() -> Iterator[str]:
        yield from numbers(3)
        raise OSError("the file is gone")

    async def main() -> None:
        taker = Taker(2, reads_all=reads_all)
        taker.reader.begin(source())
        assert isinstance(await taker.ended, OSError)
        assert taker.lines == ([] if reads_all else [numbers(2), numbers(3)[2:]])

    virtual_loop.run(main())


@pytest.mark.parametrize("recipients", ["+12125551234", b"+12125551234", {"+12125551234": "Hello"}, 7, None])
def test_recipients_that_can_be_none_are_refused(recipients: object) -> None:
    with pytest.raises(ConfigurationError, match="recipients must be an iterable"):
        check_recipients(recipients)
    check_recipients([Message("+12125551234", "Hello")])
