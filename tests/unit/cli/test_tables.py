"""Tables of the command: what people copy from them is there in one piece, however narrow the terminal is."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest
from rich.table import Table

from customersms_async import Campaign
from customersms_async.campaign.rows import Count
from customersms_async.campaign.states import State
from customersms_async.cli.campaign.counts import show_counts
from customersms_async.cli.output import SafeConsole, show_table
from support.campaign_steps import people
from support.typed_command import typed

if TYPE_CHECKING:
    from pathlib import Path

NAME = "the-spring-campaign-of-the-shop-in-the-market-hall-of-the-old-town.ledger"


def drawn(width: int, table: Table) -> list[str]:
    out = io.StringIO()
    console = SafeConsole(out)
    console.width = width
    show_table(console, table)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [1, 20, 60, 80])
def test_a_column_that_people_copy_from_is_whole_and_others_get_lines_of_their_own(width: int) -> None:
    table = Table()
    table.add_column("name", no_wrap=True)
    table.add_column("about", overflow="fold")
    table.add_row(NAME, "many words of which each may stand on a line of its own")
    lines = drawn(width, table)
    assert any(NAME in line for line in lines)
    assert "…" not in "".join(lines)
    assert len({len(line) for line in lines}) == 1, "it is a table still"
    assert len(lines) > 6


def test_a_table_that_fits_is_as_wide_as_its_cells() -> None:
    table = Table()
    table.add_column("name", no_wrap=True)
    table.add_row("spring")
    assert drawn(80, table)[0] == "┏━━━━━━━━┓"


def test_the_list_of_campaigns_has_each_name_in_one_piece(tmp_path: Path) -> None:
    async def make() -> None:
        async with Campaign.open(str(tmp_path / NAME)) as campaign:
            await campaign.add(people(2), "Hello")

    asyncio.run(make())
    for columns in ("30", "80"):
        assert NAME in typed("campaign", "list", str(tmp_path), folder=tmp_path, COLUMNS=columns).words


def test_the_name_of_a_ledger_stands_above_its_figures_in_one_piece() -> None:
    out = io.StringIO()
    console = SafeConsole(out)
    console.width = 40
    show_counts(console, f"/srv/{NAME}", [Count(State.ACCEPTED, "", 2, 2)])
    assert f"/srv/{NAME}: 2 recipients" in out.getvalue().splitlines()[0]
