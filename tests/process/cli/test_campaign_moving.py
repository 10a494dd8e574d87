"""``customersms campaign move``: what it says, and how it ends."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from customersms_async import Campaign
from customersms_async.campaign.move import DoneStep, move_campaign
from customersms_async.campaign.move_states import MoveStep
from support.command import KEY, Commands
from support.filled_ledger import filled
from support.postgres_servers import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

SECRETS = (PASSWORD, PASSWORD.replace("/", "%2F").replace(" ", "%20"))


def move(customersms: Commands, *arguments: str, status: int = 0) -> str:
    """What it says, in which no password shows."""
    ended = customersms("campaign", "move", *arguments)
    assert ended.status == status, ended.words
    assert [secret for secret in SECRETS if secret in ended.out + ended.err] == []
    return ended.words


def test_there_and_back_with_a_line_for_each_step(
    customersms: Commands, tmp_path: Path, shared_postgres: PostgresServerProcess
) -> None:
    asyncio.run(filled(tmp_path / "l"))
    database = f"{shared_postgres.url(password=PASSWORD)}#spring"
    said = move(customersms, "l", database)
    steps = (
        *("is reserved for it", "is moving: it can't be run", "all of it is in", "has moved"),
        *("can be run from now on", "2,500 recipients"),
    )
    places = [said.index(step) for step in steps]
    assert places == sorted(places)
    assert "nothing left to do" in move(customersms, "l", database)
    assert "it has moved to" in move(customersms, "l", "other", status=1)

    ended = customersms("campaign", "status", "--ledger", "l")
    assert ended.status == 0
    assert "it has moved to postgresql://" in ended.words
    found = json.loads(customersms("campaign", "status", "--ledger", "l", "--json").out)
    assert (found["move"]["state"], found["move"]["runnable"], found["planned"]) == ("left", False, 2_500)
    (listed,) = [json.loads(line) for line in customersms("campaign", "list", ".", "--json").out.splitlines()]
    assert "it has moved to postgresql://" in listed["away"]
    assert "not here" in customersms("campaign", "list", ".").words
    ended = customersms("campaign", "run", "--ledger", "l", "--yes", CUSTOMERSMS_API_KEY=KEY)
    assert (ended.status, "go on there" in ended.words) == (1, True)
    assert customersms("campaign", "export", "--ledger", "l", "--format", "csv").out.count("planned") == 2_500

    in_database = shared_postgres.url(password=PASSWORD)
    (listed,) = [json.loads(line) for line in customersms("campaign", "list", in_database, "--json").out.splitlines()]
    assert (listed["away"], listed["wanted"]) == (None, "draft")
    ended = customersms("campaign", "move", database, "l", "--json", "--by", "Ann Lee")
    (listed,) = [json.loads(line) for line in customersms("campaign", "list", in_database, "--json").out.splitlines()]
    assert f"it has moved to {tmp_path / 'l'}" in listed["away"]
    assert "go on there" in customersms("campaign", "list", in_database).words
    told: dict[str, Any] = json.loads(ended.out)
    assert told.pop("source").endswith("/app#spring")
    assert told == {
        "target": str(tmp_path / "l"),
        "recipients": 2_500,
        "steps": ["leave", "bring", "part", "arrive"],
        "undone": False,
    }
    assert "what an earlier move has left there is now" in " ".join(ended.err.split())
    found = json.loads(customersms("campaign", "status", "--ledger", "l", "--json").out)
    assert (found["move"]["state"], found["move"]["by"], found["move"]["runnable"]) == ("arrived", "Ann Lee", True)


def test_a_move_that_was_cut_off_is_undone(customersms: Commands, tmp_path: Path) -> None:
    asyncio.run(filled(tmp_path / "l"))
    assert "nothing to undo" in move(customersms, "l", "other", "--undo")
    asyncio.run(cut_off(tmp_path))
    assert "it is moving to" in move(customersms, "l", "third", status=1)
    said = move(customersms, "l", "other", "--undo")
    assert said.index("says that the campaign stays") < said.index("is free again")
    assert asyncio.run(pause(tmp_path / "l"))


async def cut_off(folder: Path) -> None:
    """End a move once the campaign leaves."""

    class EndedError(Exception):
        pass

    def told(step: DoneStep) -> None:
        if step.step is MoveStep.LEAVE:
            raise EndedError

    try:
        await move_campaign(folder / "l", folder / "other", by="Ann", told=told)
    except EndedError:
        return
    raise AssertionError("it was not cut off")


async def pause(path: Path) -> bool:
    async with Campaign.open(path, create=False) as campaign:
        return await campaign.pause(by="Ann")


def test_what_can_t_be_moved_ends_it_in_words(
    customersms: Commands, tmp_path: Path, shared_postgres: PostgresServerProcess
) -> None:
    asyncio.run(filled(tmp_path / "l"))
    assert "there is no such ledger" in move(customersms, "nothing", "other", status=1)
    database = shared_postgres.url(password=PASSWORD)
    assert "a database holds many campaigns" in move(customersms, "l", database, status=2)
    assert "no campaign of that name" in move(customersms, f"{database}#no", "other", status=1)
    away = database.replace(f":{shared_postgres.port}/", ":1/")
    assert "its database can't be used" in move(customersms, "l", f"{away}#spring", status=1)
    assert asyncio.run(pause(tmp_path / "l")), "nothing was said of a move to where nobody is"
