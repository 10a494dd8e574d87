"""An outbox in PostgreSQL, with psycopg: queued in the app's own transaction, and sent once by any number of senders.

with_sqlite.py says why there is an outbox. Here quota and idempotency keys are in the database, too, so that there can
be senders on several hosts. Install it, and have a sandbox in one terminal:

    $ pip install 'customersms-async[cli,postgres]'
    $ customersms sandbox

In another, in this folder, with the two lines that the sandbox has printed and a database of yours:

    $ export CUSTOMERSMS_URL=http://127.0.0.1:8025/sms_system/api.php CUSTOMERSMS_API_KEY=cspro_sandbox_key
    $ export DATABASE_URL=postgresql://app@127.0.0.1/app
    $ python with_postgres.py init
    $ python with_postgres.py send

And in a third, while the sender runs or before; end it as you like, kill -9 included, and start it again:

    $ export DATABASE_URL=postgresql://app@127.0.0.1/app
    $ python with_postgres.py order +12125551234 lamp
    $ python with_postgres.py list
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal

import psycopg

from customersms_async import (
    AsyncClient,
    Code,
    CustomerSMSError,
    Message,
    Outcome,
    PostgresIdempotency,
    PostgresQuota,
    Priority,
    Status,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, phone text NOT NULL, item text NOT NULL
);
CREATE TABLE IF NOT EXISTS outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE, -- so that what happened once is not queued twice
    phone text NOT NULL,
    message text NOT NULL,
    status text NOT NULL DEFAULT 'queued', -- then accepted, rejected, unsent or unknown, which nothing changes any more
    detail text, -- the gateway's message id, or the code that says why
    not_before timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS outbox_queued ON outbox (not_before) WHERE status = 'queued';
"""
TAKE = """
UPDATE outbox SET not_before = now() + interval '1 minute' WHERE id IN (
    SELECT id FROM outbox WHERE status = 'queued' AND not_before <= now()
    ORDER BY not_before LIMIT 100 FOR UPDATE SKIP LOCKED
) RETURNING id, phone, message, idempotency_key
"""
"""Takes what other senders have not taken, for a minute, and commits at once: no row is locked while a text is sent.

A sender that is killed, or takes longer, does no harm: the next one asks under the same key, and gets the outcome.
"""
NEVER_SENT = {Code.INVALID_PHONE, Code.INVALID_MESSAGE, Code.IDEMPOTENCY_MISMATCH}
"""The codes of unsent texts that would be unsent again; all others wait for a better moment."""
logger = logging.getLogger("outbox")


def place_order(url: str, phone: str, item: str) -> int:
    """What a request handler does: all of it or nothing, and no word to the gateway."""
    with psycopg.connect(url) as database:  # commits at its end, or rolls back
        row = database.execute(
            "INSERT INTO orders (phone, item) VALUES (%s, %s) RETURNING id", (phone, item)
        ).fetchone()
        assert row is not None  # noqa: S101 - it was inserted
        order: int = row[0]
        database.execute(
            "INSERT INTO outbox (idempotency_key, phone, message) VALUES (%s, %s, %s)",
            (f"order-{order}/placed", phone, f"Thank you for your order: {item}"),
        )
    return order


async def send_queued(database: psycopg.AsyncConnection, client: AsyncClient) -> None:
    """Send what is queued, and record what became of it; what is left is taken again when its minute is over."""
    rows = await (await database.execute(TAKE)).fetchall()
    async with client.stream([Message(*row[1:]) for row in rows], priority=Priority.NORMAL) as outcomes:
        async for outcome in outcomes:
            if outcome.status is not Status.UNSENT or outcome.code in NEVER_SENT:
                await record(database, rows[outcome.index][0], outcome)


async def record(database: psycopg.AsyncConnection, row: int, outcome: Outcome) -> None:
    """Write down what became of a text. One that is unknown is never queued again: a person looks into it."""
    await database.execute(
        "UPDATE outbox SET status = %s, detail = %s WHERE id = %s",
        (outcome.status, outcome.message_id or outcome.code, row),
    )


async def send(url: str) -> None:
    """Send until SIGTERM or Ctrl-C, and then let this round end: within max_wait and a time-out, so within a minute."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Keys are kept for a week: longer than all senders are ever away.
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as database,
        PostgresQuota(url) as quota,
        PostgresIdempotency(url) as keys,
        AsyncClient(quota=quota, idempotency=keys, max_wait=10, timeout=10, batch_size=50) as client,
    ):
        while not stop.is_set():
            try:
                await send_queued(database, client)
                seconds = 1
            except CustomerSMSError as error:  # the key, the credits, a store, or a gateway that fails again and again
                logger.error("texts wait in the outbox: %s", type(error).__name__)
                seconds = 30
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)


def main() -> None:
    """Do what was typed."""
    asks = argparse.ArgumentParser(description="Orders, and the texts about them.")
    commands = asks.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="make the tables")
    order = commands.add_parser("order", help="place an order")
    order.add_argument("phone")
    order.add_argument("item")
    commands.add_parser("send", help="send what is queued, until it is told to stop")
    commands.add_parser("list", help="what is in the outbox")
    given, url = asks.parse_args(), os.environ["DATABASE_URL"]
    if given.command == "init":
        with psycopg.connect(url) as database:
            database.execute(SCHEMA)
    elif given.command == "send":
        asyncio.run(send(url))
    elif given.command == "order":
        print("order", place_order(url, given.phone, given.item))
    else:
        with psycopg.connect(url) as database:
            for row in database.execute("SELECT idempotency_key, phone, status, detail FROM outbox ORDER BY id"):
                print(*row)


if __name__ == "__main__":
    main()
