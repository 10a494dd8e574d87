"""Where the command's list of people who said no is: the user's own file, or one that is named."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ..._core.written_address import looks_like_address, without_credentials
from ...errors import ConfigurationError
from ..state_folder import state_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ...suppression import PostgresSuppression, SQLiteSuppression, SuppressionStore


NO_LIST: Final = "none"
"""What ``--suppression-list`` takes where none is to be asked."""


def users_list(*, make: bool = False) -> Path:
    """The list of this user; ``make`` makes its folder, for the user alone. Raises ``ConfigurationError``."""
    return state_folder("suppressed numbers", "--list", make=make) / "suppressed.db"


class ListPlace(NamedTuple):
    """Where a list is: a file's ``path``, or a database's ``url``; ``shown`` is what of it may be shown."""

    shown: str
    path: Path | None = None
    url: str = ""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[SQLiteSuppression | PostgresSuppression]:
        """The list, open until the end; a file is made if it is not there."""
        if self.path is None:
            from ...suppression import PostgresSuppression

            async with PostgresSuppression(self.url) as shared:
                yield shared
            return
        from ...suppression import SQLiteSuppression  # imported where there is a list, as many have none

        async with SQLiteSuppression(self.path) as store:
            yield store


def list_to_change(named: str | None) -> ListPlace:
    """The list that a change goes to: a file is made with it if it is not there.

    Raises ``ConfigurationError`` for an address of anything but a PostgreSQL database.
    """
    return _in_database(named, "--list") or _in_file(users_list(make=True) if named is None else Path(named))


def list_to_read(named: str | None, option: str = "--list") -> ListPlace | None:
    """The list to look at; ``None`` if the user has none yet.

    Raises ``ConfigurationError`` for a file that is named by ``option`` and not there: an empty one in its place would
    suppress nobody; and for an address of anything but a PostgreSQL database.
    """
    if (shared := _in_database(named, option)) is not None:
        return shared
    path = users_list() if named is None else Path(named).absolute()
    if path.exists():
        return _in_file(path)
    if named is None:
        return None
    raise ConfigurationError(f"there is no file {path}: see {option}")


@contextlib.asynccontextmanager
async def open_list_of_run(named: str | None) -> AsyncIterator[SuppressionStore | None]:
    """The list that a run obeys, as ``open_list`` gives it; the user's own also if it is made while the run goes on.

    Raises as ``open_list`` does.
    """
    async with open_list(named) as store:
        if store is not None or named is not None:
            yield store
            return
        from .coming_list import ComingList

        async with contextlib.aclosing(ComingList(users_list())) as coming:
            yield coming


@contextlib.asynccontextmanager
async def open_list(named: str | None) -> AsyncIterator[SQLiteSuppression | PostgresSuppression | None]:
    """The list as it is there now, open until the end: the one that is ``named``, else the user's, if there is one.

    A name is a file's path or a database's address. Raises ``ConfigurationError`` for a file that is not there, and for
    an address that can't be read.
    """
    place = None if named == NO_LIST else list_to_read(named, "--suppression-list")
    if place is None:
        yield None
        return
    async with place.open() as store:
        yield store


def _in_file(path: Path) -> ListPlace:
    return ListPlace(str(path.absolute()), path.absolute())


def _in_database(named: str | None, option: str) -> ListPlace | None:
    """The list in the database that is named; ``None`` if that is a file's path.

    An address is never taken for a path, which would be shown, with its password.
    """
    if named is None:
        return None
    has_scheme = named.lower().startswith(_POSTGRES)
    if has_scheme or "=" in named:
        from ..._postgres import server, server_url

        if has_scheme or server_url.is_words(named):
            server.check(named, "a list of suppressed numbers")
            return ListPlace(server_url.shown(named), url=named)
    if looks_like_address(named):
        raise ConfigurationError(f"no list is kept at {without_credentials(named)}: see {option}")
    return None


_POSTGRES: Final = ("postgresql://", "postgres://")
