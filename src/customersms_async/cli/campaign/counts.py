"""How many recipients of a campaign are in which state, for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..._core.plural import counted
from ...campaign.states import State
from ...models import Code
from ..formats import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ...campaign.rows import Count

COLOURS: Final = {
    State.PLANNED: "cyan",
    State.SENDING: "blue",
    State.ACCEPTED: "green",
    State.REJECTED: "red",
    State.UNKNOWN: "magenta",
    State.SKIPPED: "yellow",
}

_NOT_MEANT: Final = (Code.DUPLICATE, Code.SUPPRESSED)
"""Skipped on purpose, so no failure."""

_SHOWN_CODES: Final = 40


def counts_table(name: str, counts: Sequence[Count]) -> Group:
    """The ``name`` of a ledger, and every state with its recipients and the codes behind it, for people."""
    total = sum(count.recipients for count in counts)
    table = Table()
    table.add_column("state")
    table.add_column("number", justify="right")
    table.add_column("code", overflow="fold")
    for state in State:
        these = [count for count in counts if count.state is state]
        table.add_row(Text(state.value, style=COLOURS[state]), f"{sum(c.recipients for c in these):,}", "")
        coded = sorted((c for c in these if c.code), key=lambda c: -c.recipients)
        for count in coded[:_SHOWN_CODES]:
            table.add_row("", f"{count.recipients:,}", Text(plain(count.code)))
        if coded[_SHOWN_CODES:]:
            table.add_row("", f"{sum(c.recipients for c in coded[_SHOWN_CODES:]):,}", "others")
    title = f"{plain(name)}: {counted(total, 'recipient')}"  # above it, as its own would break at the table's edge
    return Group(Text(title, style="table.title"), table)


def show_counts(console: Console, name: str, counts: Sequence[Count]) -> None:
    """Show that table, and above it the ``name`` of the ledger in one piece, as people copy it."""
    console.print(counts_table(name, counts), soft_wrap=True)


def counts_object(counts: Sequence[Count]) -> dict[str, Any]:
    """Every state with its recipients, and the codes behind it, for programs."""
    states: Counter[str] = Counter({state.value: 0 for state in State})
    codes: dict[str, dict[str, int]] = {}
    for count in counts:
        states[count.state.value] += count.recipients
        if count.code:
            codes.setdefault(count.state.value, {})[count.code] = count.recipients
    return {"recipients": sum(states.values()), **states, "codes": codes}


def everyone_accepted(counts: Sequence[Count]) -> bool:
    """Whether everyone is accepted, duplicates and suppressed numbers aside."""
    return all(
        count.state is State.ACCEPTED or (count.state is State.SKIPPED and count.code in _NOT_MEANT) for count in counts
    )
