"""What ``customersms idempotency list``, ``show`` and ``resolve`` do."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.table import Table
from rich.text import Text

from ..._core.written_address import looks_like_address, without_credentials
from ...errors import ConfigurationError
from ...idempotency import IdempotencyKeys
from ..exits import ending_well
from ..formats import plain
from ..output import safe_console, say_json, show_table
from ..quota import POSTGRES, REDIS
from .options import SECRET, STORE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from .options import KeyPlace, ListOptions, ResolveKeyOptions, ShowOptions

T = TypeVar("T")


def list_unknown(options: ListOptions) -> None:
    """Do what ``customersms idempotency list`` does."""
    with ending_well(options.log_level):
        found = asyncio.run(_asked(options.place, lambda keys: keys.unknown()))
        if options.json:
            say_json({"unknown": found})
            return
        console = safe_console(json=False)
        if not found:
            console.print("no text is of unknown fate")
            return
        table = Table()
        for name in ("claim", "time", "label"):
            table.add_column(name, no_wrap=True)
        for one in found:
            when = one.time.astimezone().isoformat(sep=" ", timespec="seconds")
            table.add_row(one.id, when, Text(plain(one.label)))
        show_table(console, table)


def show_key(options: ShowOptions) -> None:
    """Do what ``customersms idempotency show`` does."""
    with ending_well(options.log_level):
        shown = asyncio.run(_asked(options.place, lambda keys: keys.show(options.key_or_id, phone=options.phone)))
        if options.json:
            say_json(shown)
        else:
            safe_console(json=False).print(f"{shown.state} {shown.id or ''}".rstrip(), highlight=False, soft_wrap=True)


def resolve_key(options: ResolveKeyOptions) -> None:
    """Do what ``customersms idempotency resolve`` does."""

    async def resolved(keys: IdempotencyKeys) -> str:
        return await keys.resolve(options.key_or_id, as_=options.found_as.value, by=options.by, phone=options.phone)

    with ending_well(options.log_level):
        claim = asyncio.run(_asked(options.place, resolved))
        if options.json:
            say_json({"resolved": claim, "as": options.found_as.value, "by": options.by})
        else:
            said = f"{claim} is {options.found_as.value} from now on"
            safe_console(json=False).print(said, highlight=False, soft_wrap=True)


async def _asked(place: KeyPlace, question: Callable[[IdempotencyKeys], Awaitable[T]]) -> T:
    async with _opened(place) as keys:
        return await question(keys)


@contextlib.asynccontextmanager
async def _opened(place: KeyPlace) -> AsyncIterator[IdempotencyKeys]:
    """The keys of a file that is there, or of a server. Raises ``ConfigurationError`` for any other place."""
    where, secret = place.store or os.environ.get(STORE), os.environ.get(SECRET) or None
    if where is None:
        raise ConfigurationError(f"say where the keys are: --store, or the environment variable {STORE}")
    if where.startswith(REDIS):
        from ...idempotency import RedisIdempotency

        volatile = True  # whoever only looks, or decides, texts nobody
        async with RedisIdempotency(
            where, volatile=volatile, keep=place.keep, namespace=place.namespace, secret=secret
        ) as redis:
            yield IdempotencyKeys(redis)
        return
    if where.lower().startswith(POSTGRES):
        from ...idempotency import PostgresIdempotency

        async with PostgresIdempotency(where, keep=place.keep, namespace=place.namespace, secret=secret) as database:
            yield IdempotencyKeys(database)
        return
    if looks_like_address(where):
        raise ConfigurationError(f"no idempotency keys are kept at {without_credentials(where)}: see --store")
    if not Path(where).exists():  # noqa: ASYNC240 - nothing else goes on
        raise ConfigurationError(f"there is no file {where}: see --store")
    from ...idempotency import SQLiteIdempotency

    async with SQLiteIdempotency(where, keep=place.keep, namespace=place.namespace, secret=secret) as file:
        yield IdempotencyKeys(file)
