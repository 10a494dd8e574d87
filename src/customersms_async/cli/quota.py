"""The quota of the commands: in a file that all runs of a user share, unless told otherwise; ``customersms quota``."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import platformdirs
from rich.table import Table

from ..client import AsyncClient
from ..errors import ConfigurationError
from ..quota import MemoryQuota
from .exits import ending_well
from .formats import length
from .options import MEMORY, read_limits
from .output import safe_console, say_json
from .permission import check_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..models import Limit
    from ..quota import QuotaStore
    from .options import QuotaCommandOptions

REDIS: Final = ("redis://", "rediss://", "unix://")
SHARED: Final = "The quota is shared with all runs and programs that keep it in"


@contextlib.asynccontextmanager
async def open_quota(where: str | None) -> AsyncIterator[QuotaStore]:
    """The store that ``--quota`` names, open until the end: ``memory``, a Redis URL, or the path of a file.

    ``None`` is the file in the user's state folder, which is made, for the user alone, where there is none. Raises
    ``ConfigurationError`` for a folder that can't be made and a URL that can't be read.
    """
    if where == MEMORY:
        yield MemoryQuota()
    elif where is not None and where.startswith(REDIS):
        from ..quota import RedisQuota  # imported where it is asked for, as few runs need it

        async with RedisQuota(where) as redis:
            yield redis
    else:
        from ..quota import SQLiteQuota

        async with SQLiteQuota(users_file() if where is None else Path(where)) as file:
            yield file


def users_file() -> Path:
    """The file of this user, in a folder that only the user may enter."""
    folder = platformdirs.user_state_path("customersms", appauthor=False)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the folder for the quota can't be made: {error}; see --quota") from None
    return folder / "quota.sqlite"


def place(where: str | None) -> str:
    """The quota's place, for people and programs: ``memory``, the server without its password, or the path."""
    if where == MEMORY:
        return MEMORY
    if where is not None and where.startswith(REDIS):
        url = urlsplit(where)
        server = url.hostname or ""
        return f"{url.scheme}://{server}{f':{url.port}' if url.port else ''}{url.path}"
    return str(users_file() if where is None else Path(where).absolute())


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
        asyncio.run(_show(options.quota, read_limits(options.limit), json=options.json))


async def _show(where: str | None, limits: tuple[Limit, ...], *, json: bool) -> None:
    """Print how every limit stands. Raises ``ConfigurationError`` for a bad environment, and ``QuotaStoreError``."""
    async with open_quota(where) as store, AsyncClient(limits=limits, quota=store) as client:
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
