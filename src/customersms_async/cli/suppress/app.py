"""``customersms suppress``: who must not be texted, by the user's own list.

Exit status: 0 done, 1 an error or a person's no, 2 wrong usage or unreadable input, 130 interrupted.
"""

from __future__ import annotations

from typing import Final

import typer

from .. import examples
from ..option_group import takes_option_groups
from .options import ChangeOptions, ImportOptions, SuppressedOptions  # noqa: TC001 - takes_option_groups reads them

app: Final = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command(epilog=examples.epilog(examples.SUPPRESS_ADD))
@takes_option_groups
def add(options: ChangeOptions) -> None:
    """Put numbers on the list: they get no text any more."""
    from .commands import add_numbers

    add_numbers(options)


@app.command(epilog=examples.epilog(examples.SUPPRESS_REMOVE))
@takes_option_groups
def remove(options: ChangeOptions) -> None:
    """Take numbers off the list: they may be texted again. What was said of them before stays in it."""
    from .commands import remove_numbers

    remove_numbers(options)


@app.command("list", epilog=examples.epilog(examples.SUPPRESS_LIST))
@takes_option_groups
def list_(options: SuppressedOptions) -> None:
    """Show who is on the list, or all that was said of one number."""
    from .commands import show_list

    show_list(options)


@app.command("import", epilog=examples.epilog(examples.SUPPRESS_IMPORT))
@takes_option_groups
def import_(options: ImportOptions) -> None:
    """Put the numbers of a file on the list, or of those who replied STOP in a log; shows them, and asks."""
    from .importing import import_file

    import_file(options)
