"""An outbox in SQLite: a text is queued in the app's own transaction, and a sender of its own sends it, once.

Whoever sends within a transaction texts people of orders that are rolled back after all, and keeps others waiting while
the gateway takes its time. Whoever sends after the commit texts nobody if the process dies in between. So the order's
transaction writes down the text as well, with an idempotency key that is made of the order.

Install it, and have a sandbox in one terminal:

    $ pip install 'customersms-async[cli]'
    $ customersms sandbox

In another, in this folder, with the two lines that the sandbox has printed:

    $ export CUSTOMERSMS_URL=http://127.0.0.1:8025/sms_system/api.php CUSTOMERSMS_API_KEY=cspro_sandbox_key
    $ python with_sqlite.py send

And in a third, while the sender runs or before; end it as you like, kill -9 included, and start it again:

    $ python with_sqlite.py order +12125551234 lamp
    $ python with_sqlite.py list
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sqlite3

from customersms_async import AsyncClient, Code, CustomerSMSError, Message, Outcome, Priority, SQLiteIdempotency, Status

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, phone TEXT NOT NULL, item TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE, -- so that what happened once is not queued twice
    phone TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued', -- then accepted, rejected, unsent or unknown, which nothing changes any more
    detail TEXT -- the gateway's message id, or the code that says why
) STRICT;
CREATE INDEX IF NOT EXISTS outbox_queued ON outbox (id) WHERE status = 'queued';
"""
NEVER_SENT = {Code.INVALID_PHONE, Code.INVALID_MESSAGE, Code.IDEMPOTENCY_MISMATCH}
"""The codes of unsent texts that would be unsent again; all others wait for a better moment."""
logger = logging.getLogger("outbox")


def open_database() -> sqlite3.Connection:
    """The app's database; the outbox is a table of it, or there could be no common transaction."""
    database = sqlite3.connect("app.sqlite")
    database.executescript(SCHEMA)
    return database


def place_order(database: sqlite3.Connection, phone: str, item: str) -> int:
    """What a request handler does: all of it or nothing, and no word to the gateway."""
    with database:
        order = database.execute("INSERT INTO orders (phone, item) VALUES (?, ?)", (phone, item)).lastrowid
        database.execute(
            "INSERT INTO outbox (idempotency_key, phone, message) VALUES (?, ?, ?)",
            (f"order-{order}/placed", phone, f"Thank you for your order: {item}"),
        )
    assert order is not None  # noqa: S101 - it was inserted
    return order


async def send_queued(database: sqlite3.Connection, client: AsyncClient) -> bool:
    """Send what is queued, and record what became of it; whether anything is left for a better moment.

    Killed at any point, it may have recorded too little, but has not sent too much: what is still queued is sent again
    under its key, and the store of keys knows what has gone out. So two senders at once do no harm, either.
    """
    find = "SELECT id, phone, message, idempotency_key FROM outbox WHERE status = 'queued' ORDER BY id LIMIT 100"
    rows = database.execute(find).fetchall()
    left = False
    async with client.stream([Message(*row[1:]) for row in rows], priority=Priority.NORMAL) as outcomes:
        async for outcome in outcomes:
            if outcome.status is Status.UNSENT and outcome.code not in NEVER_SENT:
                left = True
            else:
                record(database, rows[outcome.index][0], outcome)
    return left


def record(database: sqlite3.Connection, row: int, outcome: Outcome) -> None:
    """Write down what became of a text. One that is unknown is never queued again: a person looks into it."""
    with database:
        database.execute(
            "UPDATE outbox SET status = ?, detail = ? WHERE id = ?",
            (outcome.status, outcome.message_id or outcome.code, row),
        )


async def send() -> None:
    """Send until SIGTERM or Ctrl-C, and then let this round end: within max_wait and a time-out, so within a minute."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = open_database()
    # Keys are kept for a week: longer than a sender is ever away.
    async with (
        SQLiteIdempotency("keys.sqlite") as keys,
        AsyncClient(idempotency=keys, max_wait=10, timeout=10, batch_size=50) as client,
    ):
        while not stop.is_set():
            try:
                seconds = 10 if await send_queued(database, client) else 1
            except CustomerSMSError as error:  # the key, the credits, a store, or a gateway that fails again and again
                logger.error("texts wait in the outbox: %s", type(error).__name__)
                seconds = 30
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)


def main() -> None:
    """Do what was typed."""
    asks = argparse.ArgumentParser(description="Orders, and the texts about them.")
    commands = asks.add_subparsers(dest="command", required=True)
    order = commands.add_parser("order", help="place an order")
    order.add_argument("phone")
    order.add_argument("item")
    commands.add_parser("send", help="send what is queued, until it is told to stop")
    commands.add_parser("list", help="what is in the outbox")
    given = asks.parse_args()
    if given.command == "send":
        asyncio.run(send())
    elif given.command == "order":
        print("order", place_order(open_database(), given.phone, given.item))
    else:
        for row in open_database().execute("SELECT idempotency_key, phone, status, detail FROM outbox ORDER BY id"):
            print(*row)


if __name__ == "__main__":
    main()
