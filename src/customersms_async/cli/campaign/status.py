"""``customersms campaign status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exits import ending_well
from ..formats import plain
from ..output import safe_console, say_json
from .counts import counts_object, counts_table
from .doubles import doubles_line
from .moved import move_lines, move_object
from .started import read_ledger
from .wanted_now import wanted_lines, wanted_object

if TYPE_CHECKING:
    from .options import StatusOptions


def show_status(options: StatusOptions) -> None:
    """Do what ``customersms campaign status`` does."""
    with ending_well(options.log_level):
        started = read_ledger(options.ledger, must_exist=True)
        counts, wanted = ([], None) if started is None else (started.counts, started.wanted)
        doubles = [] if started is None else started.doubles
        move = None if started is None else started.move
        if options.json:
            phones = [one.phone for one in doubles]
            wishes, moved = wanted_object(wanted), move_object(move)
            say_json({**counts_object(counts), "wanted": wishes, "doubles": phones, "move": moved})
            return
        console = safe_console(json=False)
        console.print(counts_table(options.ledger.name, counts))
        if doubles:
            console.print(f"{doubles_line(doubles)}: {plain(doubles[0].phone)} first", highlight=False, markup=False)
        for line in (*move_lines(move), *wanted_lines(wanted)):
            console.print(line, soft_wrap=True, highlight=False, markup=False)
