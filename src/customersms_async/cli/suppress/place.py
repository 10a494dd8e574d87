"""Where the command's list of people who said no is: the user's own file, or one that is named."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...errors import ConfigurationError
from ..credentials import is_url, without_credentials
from ..state_folder import state_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ...suppression import PostgresSuppression, SQLiteSuppression


NO_LIST: Final = "none"
"""What ``--suppression-list`` takes where none is to be asked."""


def users_list(*, make: bool = False) -> Path:
    """The list of this user; ``make`` makes its folder, for the user alone. Raises ``ConfigurationError``."""
    return state_folder("suppressed numbers", "--list", make=make) / "suppressed.db"


def list_to_change(named: Path | None) -> Path:
    """The list that a change goes to, which is made with it if it is not there."""
    return users_list(make=True) if named is None else named.absolute()


def list_to_read(named: Path | None, option: str = "--list") -> Path | None:
    """The list to look at; ``None`` if the user has none yet.

    Raises ``ConfigurationError`` for one that is named by ``option`` and not there: an empty one in its place would
    suppress nobody.
    """
    path = users_list() if named is None else named.absolute()
    if path.exists():
        return path
    if named is None:
        return None
    raise ConfigurationError(f"there is no file {path}: see {option}")


@contextlib.asynccontextmanager
async def open_list(named: str | None) -> AsyncIterator[SQLiteSuppression | PostgresSuppression | None]:
    """The list that a run obeys, open until the end: the one that is ``named``, else the user's, if there is one.

    A name is a file's path or a database's URL. Raises ``ConfigurationError`` for a file that is not there, and for a
    URL that can't be read.
    """
    if named is not None and named.lower().startswith(_POSTGRES):
        from ...suppression import PostgresSuppression

        async with PostgresSuppression(named) as shared:
            yield shared
        return
    if named is not None and is_url(named):
        raise ConfigurationError(f"no list is kept at {without_credentials(named)}: see --suppression-list")
    path = None if named == NO_LIST else list_to_read(None if named is None else Path(named), "--suppression-list")
    if path is None:
        yield None
        return
    from ...suppression import SQLiteSuppression  # imported where there is a list, as many have none

    async with SQLiteSuppression(path) as store:
        yield store


_POSTGRES: Final = ("postgresql://", "postgres://")
