"""Recipients are added: all with their reasons, or none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, ConfigurationError, Message, Status
from customersms_async._core.intake import Letter
from support.filled_ledger import PEOPLE, counted, filled
from support.ledger_rows import rows_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


async def test_each_input_is_planned_or_skipped_with_its_reason(path: Path) -> None:
    texts = [Message("+12125551234", "A"), Message("+1 212 555 1234", "A"), Message("+12125551234", "B")]
    texts += [Message("nobody", "A"), Message("+12125551235", ""), Message("+13235554567", "A")]
    async with Campaign.open(path) as campaign:
        assert await campaign.add(texts, suppress=["+1 (323) 555-4567"])
        found = [(o.index, o.phone, o.status, o.code) async for o in campaign.outcomes()]
    assert found == [
        (0, "+12125551234", Status.UNSENT, None),
        (1, "+12125551234", Status.UNSENT, "DUPLICATE"),
        (2, "+12125551234", Status.UNSENT, None),
        (3, "nobody", Status.UNSENT, "INVALID_PHONE"),
        (4, "+12125551235", Status.UNSENT, "INVALID_MESSAGE"),
        (5, "+13235554567", Status.UNSENT, "SUPPRESSED"),
    ]


async def test_texts_are_frozen_with_their_segments_and_equal_ones_kept_once(path: Path) -> None:
    texts = [Message(phone, f"{'long ' * 40}{number % 3}") for number, phone in enumerate(PEOPLE)]
    async with Campaign.open(path) as campaign:
        await campaign.add(texts)
        assert (await rows_of(campaign.ledger, "SELECT count(*) FROM texts"))[0] == (3,)
        (count,) = await campaign.ledger.counts()
        assert (count.recipients, count.segments) == (2_500, 5_000)


async def test_repeats_are_found_however_far_apart(path: Path) -> None:
    texts = [Message(phone, f"text {number % 400}") for number, phone in enumerate(PEOPLE)]
    async with Campaign.open(path) as campaign:
        await campaign.add([*texts, *reversed(texts)])
        assert await campaign.counts() | {} == {
            "planned": 2_500, "sending": 0, "accepted": 0, "rejected": 0, "unknown": 0, "skipped": 2_500,
        }  # fmt: skip


async def test_the_same_content_again_adds_nothing_and_other_content_is_refused(path: Path) -> None:
    await filled(path)
    async with Campaign.open(path) as campaign:
        assert not await campaign.add(iter(PEOPLE), "Hello")
        for people, message in ((PEOPLE, "Hi"), (PEOPLE[:-1], "Hello"), ([*PEOPLE[1:], PEOPLE[0]], "Hello")):
            with pytest.raises(ConfigurationError, match="use another ledger"):
                await campaign.add(people, message)
    assert await counted(path) == {"planned": 2_500}


async def test_an_input_that_breaks_off_adds_nothing(path: Path) -> None:
    def breaking() -> Iterator[str]:
        yield from PEOPLE
        raise OSError("the input is gone")

    async def endless() -> AsyncIterator[str]:
        for phone in PEOPLE:
            yield phone
        await asyncio.Event().wait()

    async with Campaign.open(path) as campaign:
        with pytest.raises(OSError, match="the input is gone"):
            await campaign.add(breaking(), "Hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(campaign.add(endless(), "Hello"), 0.2)
        with pytest.raises(ConfigurationError, match="no recipients"):
            await campaign.add([], "Hello")
        with pytest.raises(ConfigurationError, match="either"):
            await campaign.add([*PEOPLE, Message("+12125551234", "Hi")], "Hello")  # type: ignore[list-item]
        assert await campaign.ledger.added() is None
        assert await campaign.add(PEOPLE, "Hello")
    assert await counted(path) == {"planned": 2_500}


async def test_a_hundred_thousand_are_added_and_exported_in_bounded_memory(path: Path) -> None:
    """The million is in benchmarks/speed/ledger.py."""
    resource = pytest.importorskip("resource", reason="nothing counts the peak of memory here")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with Campaign.open(path) as campaign:
        await campaign.add(Message(f"+1212{n:07}", f"Hi {n}") for n in range(100_000))
        count = 0
        async for _ in campaign.outcomes():
            count += 1
    assert count == 100_000
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 30


async def test_a_files_lines_and_what_is_kept_of_its_rows_stand_in_the_ledger(tmp_path: Path) -> None:
    letters = [Letter("+12125551234", "a", 2, ("17",)), Letter("x", "a", 3, ("18",))]
    async with Campaign.open(tmp_path / "ledger") as campaign:
        await campaign.ledger.add(letters, "a", None, (), keep=("id",))
        assert await campaign.ledger.kept_names() == ("id",)
        assert await campaign.ledger.among(["+12125551234", "+12125551235"]) == 1
        assert await campaign.ledger.among([]) == 0
        (page,) = [page async for page in campaign.pages()]
        assert [(entry.line, entry.kept) for entry in page] == [(2, '{"id":"17"}'), (3, '{"id":"18"}')]
    async with Campaign.open(tmp_path / "other") as campaign:
        await campaign.add(["+12125551234"], "a")
        assert await campaign.ledger.kept_names() == ()
        (page,) = [page async for page in campaign.pages()]
        assert [(entry.line, entry.kept) for entry in page] == [(None, None)]


async def test_one_per_number_skips_a_number_that_comes_again_with_any_text(tmp_path: Path) -> None:
    people = [("+12125551234", "a"), ("+1 212 555 1234", "b"), ("+12125551235", "b"), ("+12125551234", "a")]
    async with Campaign.open(tmp_path / "ledger") as campaign:
        await campaign.add([Message(*each) for each in people], one_per_number=True)
        found = [(outcome.phone, outcome.code) async for outcome in campaign.outcomes()]
    assert found == [
        *(("+12125551234", None), ("+12125551234", "DUPLICATE"), ("+12125551235", None)),
        ("+12125551234", "DUPLICATE"),
    ]
