"""A campaign that is half sent, moved between a file and a real database, and what each of them then refuses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError
from customersms_async.campaign.move_states import MoveState, MoveStep
from support.filled_ledger import filled
from support.moved_campaign import PEOPLE, SENT, everything, half_sent, phone
from support.moves import ALL, BACK, Places, cut_off, is_runnable, move, moves_of
from support.old_ledgers import make_version_2

if TYPE_CHECKING:
    from customersms_async.sandbox import Sandbox


WAYS = [("file", "database"), ("database", "file"), ("database", "summer"), ("file", "other")]


@pytest.mark.parametrize(("begin", "end"), WAYS)
async def test_all_of_it_is_there_and_back_again_and_its_run_ends_with_nobody_twice(
    places: Places, small_client: AsyncClient, sandbox: Sandbox, begin: str, end: str
) -> None:
    source, target = getattr(places, begin), getattr(places, end)
    await half_sent(source, small_client)
    before = await everything(source)
    assert [one.phone for one in before["doubles of it"]] == [phone(29)]
    assert {state.value for state in {entry.state for entry in before["entries"]}} == {
        *("planned", "accepted", "rejected", "unknown", "skipped")
    }
    assert before["origins"]
    assert len(before["attempts"]) > 5
    assert len(before["wanted"]) > 2

    assert await move(source, target) == ALL
    assert await everything(target) == before
    assert await everything(source) == before, "what is left behind can be read"
    assert await is_runnable(target)
    assert not await is_runnable(source)
    assert await move(source, target) == [], "given again, nothing is left to do"

    assert await move(target, source) == BACK
    assert await everything(source) == before
    assert await move(source, target) == BACK
    assert await everything(target) == before
    assert [each.state for each in await moves_of(target)] == 3 * [
        *(MoveState.LEAVING, MoveState.ARRIVING, MoveState.ARRIVED)
    ]

    async with Campaign.open(target, create=False) as campaign:
        await campaign.resolve("capped", as_="planned", by="Ann")
        await campaign.resolve("unknown", as_="planned", by="Ann")
        await campaign.resolve("rejected", as_="planned", by="Ann")
        outcomes = [outcome async for outcome in campaign.run(small_client)]
        assert {outcome.status.value for outcome in outcomes} == {"accepted"}
        counts = await campaign.counts()
    assert sandbox.duplicates() == ()
    texts = {text.phone for text in sandbox.texts}
    assert len(sandbox.texts) == len(texts) == PEOPLE - 2, "but who is suppressed, and who a person found accepted"
    assert {state.value: n for state, n in counts.items() if n} == {"accepted": PEOPLE - 1, "skipped": 3}


async def test_a_move_that_is_cut_off_leaves_nothing_that_can_be_run_and_goes_on_when_given_again(
    places: Places, small_client: AsyncClient
) -> None:
    await half_sent(places.file, small_client)
    for steps in range(1, 4):
        with pytest.raises(KeyboardInterrupt):
            await cut_off(places.file, places.database, steps)
        assert not await is_runnable(places.file)
        found = await moves_of(places.file)
        match = "it is moving to" if steps < 3 else "it has moved to"
        async with Campaign.open(places.file) as campaign:
            with pytest.raises(LedgerError, match=match):
                await campaign.pause(by="Ann")
        async with Campaign.open(places.database) as campaign:
            with pytest.raises(LedgerError, match=r"being moved here from .*spring.ledger, .* move again"):
                await (campaign.pause(by="Ann") if steps > 1 else campaign.add([phone(1)], "Hello"))
            accepted = (await campaign.counts())["accepted"]  # type: ignore[index]  # the states are text
            assert accepted > SENT if steps > 1 else not accepted
        if steps > 1:
            with pytest.raises(LedgerError, match="being moved here from"):
                await move(places.database, places.other)
        assert found[-1].by == "Ann"
        if steps == 1:
            assert await move(places.file, places.database, undo=True) == [MoveStep.STAY, MoveStep.FREE]
            assert await is_runnable(places.file)
            assert await move(places.file, places.database, undo=True) == []
            continue
        with pytest.raises(LedgerError, match=r"all of it is in|it has moved"):
            await move(places.file, places.database, undo=True)
        assert await move(places.file, places.database) == BACK[steps:]
        assert await is_runnable(places.database)
        assert await move(places.database, places.file) == BACK


async def test_many_campaigns_of_one_database_keep_their_attempts_apart(
    places: Places, small_client: AsyncClient, tmp_path: Path
) -> None:
    """Each file numbers its own from 1 on."""
    names = [str(tmp_path / f"{number}.ledger") for number in range(3)]
    for number, name in enumerate(names):
        await half_sent(name, small_client, people=40 + number)
    before = [await everything(name) for name in names]
    for number, name in enumerate(names):
        await move(name, f"{places.server.url()}#{number}")
    for number, found in enumerate(before):
        assert await everything(f"{places.server.url()}#{number}") == found


async def test_a_file_of_an_older_version_is_moved_as_what_it_is(places: Places) -> None:
    path = Path(places.file)
    await filled(path)
    make_version_2(path)
    before = (await everything(places.file))["entries"]
    assert await move(places.file, places.database) == ALL
    assert await move(places.database, places.other) == ALL
    after = await everything(places.other)
    assert after["entries"] == before
    assert after["wanted now"].state == "draft"


async def test_workers_look_for_it_where_it_can_be_run_alone(places: Places, small_client: AsyncClient) -> None:
    def waiting() -> list[str]:
        rows = places.server.sql("SELECT name FROM customersms.campaign_waiting(NULL, NULL)", database="app")
        return [bytes(name).decode() for (name,) in rows]

    await half_sent(places.database, small_client)
    assert waiting() == ["spring"]
    for steps, found in ((1, []), (2, []), (4, ["summer"])):
        with pytest.raises(KeyboardInterrupt):
            await cut_off(places.database, places.summer, steps)
        assert waiting() == found, steps
        if steps == 1:
            await move(places.database, places.summer, undo=True)
            assert waiting() == ["spring"]
        elif steps == 2:
            await move(places.database, places.summer)
            assert waiting() == ["summer"]
            await move(places.summer, places.database)
            assert waiting() == ["spring"]
