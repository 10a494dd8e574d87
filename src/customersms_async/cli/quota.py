"""The quota of the commands: in a file that all runs of a user share, unless told otherwise; ``customersms quota``."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table

from .._core.written_address import looks_like_address, without_credentials
from ..client import AsyncClient
from ..errors import ConfigurationError
from ..quota import MemoryQuota
from .credentials import QUOTA_VARIABLE, check_key
from .exits import ending_well
from .formats import length
from .options import MEMORY, quota_named, read_limits
from .output import safe_console, say_json
from .state_folder import state_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..models import Limit
    from ..quota import QuotaStore
    from .options import QuotaCommandOptions

REDIS: Final = ("redis://", "rediss://", "unix://")
POSTGRES: Final = ("postgresql://", "postgres://")
SHARED: Final = "The quota is shared with all runs and programs that keep it in"


@contextlib.asynccontextmanager
async def open_quota(where: str | None, *, looking: bool = False) -> AsyncIterator[QuotaStore]:
    """The store that ``--quota`` names, open until the end: ``memory``, a server's URL, or the path of a file.

    ``None`` is the file in the user's state folder, which is made, for the user alone, where there is none. With
    ``looking`` no file is made, and nothing is used of one that is not there. A database's URL takes ``failover``
    behind its question mark, as that of a campaign does. Raises ``ConfigurationError`` for a folder that can't be made
    and a URL that can't be read.
    """
    if where == MEMORY or (looking and await asyncio.to_thread(_is_to_be_made, where)):
        yield MemoryQuota()
    elif where is not None and where.startswith(REDIS):
        from ..quota import RedisQuota  # imported where it is asked for, as few runs need it

        async with RedisQuota(where) as redis:
            yield redis
    elif where is not None and where.lower().startswith(POSTGRES):
        from .._postgres.server_url import WrittenURL
        from ..quota import PostgresQuota

        url, ours = WrittenURL.of(where).without_options(frozenset({"failover"}))
        async with PostgresQuota(str(url), failover=ours.get("failover", "stop")) as database:
            yield database
    elif where is not None and looks_like_address(where):
        raise ConfigurationError(f"no quota is kept at {without_credentials(where)}: see --quota")
    else:
        from ..quota import SQLiteQuota

        async with SQLiteQuota(users_file() if where is None else Path(where)) as file:
            yield file


def users_file(*, make: bool = True) -> Path:
    """The file of this user, in a folder that only the user may enter, which is made if it is not there."""
    return state_folder("the quota", "--quota", make=make) / "quota.sqlite"


def missing_file(where: str | None) -> Path | None:
    """The file that a quota would be kept in, if it is not there."""
    if where is not None and (where == MEMORY or looks_like_address(where)):
        return None
    path = users_file(make=False) if where is None else Path(where)
    return None if path.exists() else path


def _is_to_be_made(where: str | None) -> bool:
    """Whether a quota's file is not there, and can be made by the first send."""
    path = missing_file(where)
    return path is not None and (where is None or os.access(path.parent, os.W_OK | os.X_OK))


def place(where: str | None) -> str:
    """The quota's place, for people and programs: ``memory``, the server without its password, or the path."""
    if where == MEMORY:
        return MEMORY
    if where is not None and where.lower().startswith(REDIS + POSTGRES):
        return without_credentials(where)
    return str(users_file(make=False) if where is None else Path(where).absolute())


def note(where: str | None) -> str:
    """A sentence that says who else shares the quota."""
    if where == MEMORY:
        return "The quota is counted for this run alone: other runs and programs that use the same key are not seen."
    with contextlib.suppress(RuntimeError, ValueError):  # no home, or not in it
        return f"{SHARED} {Path('~') / Path(place(where)).relative_to(Path.home())}."
    return f"{SHARED} {place(where)}."


def show_quota(options: QuotaCommandOptions) -> None:
    """Do what ``customersms quota`` does: print how every limit of the key stands."""
    with ending_well(options.log_level):
        check_key()
        where = quota_named(options.quota)
        if where is not None and (missing := missing_file(where)) is not None:
            named = QUOTA_VARIABLE if options.quota is None else "--quota"
            raise ConfigurationError(f"no quota is kept in {missing}, as there is no such file: see {named}")
        asyncio.run(_show(where, read_limits(options.limit), json=options.json))


async def _show(where: str | None, limits: tuple[Limit, ...], *, json: bool) -> None:
    """Print how every limit stands. Raises ``ConfigurationError`` for a bad environment, and ``QuotaStoreError``."""
    async with open_quota(where, looking=True) as store, AsyncClient(limits=limits, quota=store) as client:
        status = await client.quota_status()
    if json:
        pause = {"paused_seconds": status.paused_seconds}
        say_json({"limits": status.limits, **pause, "quota": place(where)})
        return
    table = Table("limit", "used", "free", "next token")
    for one in status.limits:
        limit = f"{one.limit.requests:,} in {length(one.limit.seconds)}"
        table.add_row(limit, f"{one.used:,}", f"{one.free:,}", length(one.next_token_seconds) if one.used else "")
    console = safe_console(json=False)
    console.print(table)
    if status.paused_seconds:
        console.print(f"paused by the gateway for another {length(status.paused_seconds)}", style="yellow")
    console.print(note(where), style="dim")
