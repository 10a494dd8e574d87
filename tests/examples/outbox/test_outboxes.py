"""An outbox: what is rolled back texts nobody, what is queued is sent once, whenever the sender dies, and recorded."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import TYPE_CHECKING

import psycopg
import pytest

from customersms_async import AsyncClient, InsufficientCreditsError, MemoryIdempotency, SQLiteIdempotency
from customersms_async.sandbox import Fault, Sandbox, magic
from customersms_async.testing import FakeClient
from support import forked
from support.command import Hold, until
from support.outboxes import PostgresOutbox, Sender, SQLiteOutbox
from support.platforms import NO_POSIX, WINDOWS
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(WINDOWS, reason=NO_POSIX)

PHONES = ["+12125551234", "+13235554567", "+14155550123"]
LATER = "+16505550123"
TIMEOUT = 0.5
QUEUED_BEFORE = (
    "INSERT INTO outbox (idempotency_key, phone, message, status) VALUES ('order-1/placed', '', '', 'accepted')"
)
Outbox = SQLiteOutbox | PostgresOutbox


@pytest.fixture(params=["sqlite", "postgres"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    monkeypatch.chdir(tmp_path)
    if request.param == "sqlite":
        outbox: Outbox = SQLiteOutbox()
    else:
        outbox = PostgresOutbox(request.getfixturevalue("shared_postgres").url())
    yield outbox
    outbox.close()


@pytest.fixture
async def client() -> AsyncIterator[FakeClient]:
    async with FakeClient(idempotency=MemoryIdempotency()) as client:
        yield client


def statuses(outbox: Outbox) -> dict[str, str]:
    return dict(outbox.sql("SELECT phone, status FROM outbox"))


def test_each_person_is_texted_once_if_the_sender_is_killed_between_sending_and_recording(
    outbox: Outbox, customersms_sandbox: Sandbox
) -> None:
    """And the next one, which is told to stop while a request is in flight, records what became of that."""
    for phone in PHONES:
        outbox.place(phone)
    customersms_sandbox.misbehave(hold := Hold(1))
    with Sender(outbox) as sender:
        assert hold.begun.wait(PATIENCE)
        with outbox.nothing_can_be_recorded():
            hold.goes_on.set()
            until(outbox.sender_wants_to_record)
            sender.kill()
            outbox.forget_the_sender()
    assert statuses(outbox) == dict.fromkeys(PHONES, "queued")
    assert [text.phone for text in customersms_sandbox.texts] == PHONES

    outbox.time_passes()
    with Sender(outbox) as sender:
        until(lambda: statuses(outbox) == dict.fromkeys(PHONES, "accepted"))
        assert customersms_sandbox.requests == 1, "the first sender's, that of everybody"
        customersms_sandbox.misbehave(hold := Hold(1))
        outbox.place(LATER)
        assert hold.begun.wait(PATIENCE)
        sender.ask_to_stop()
        hold.goes_on.set()
        assert sender.ended() == (0, "")
    assert statuses(outbox)[LATER] == "accepted"
    assert [text.phone for text in customersms_sandbox.texts] == [*PHONES, LATER]


async def test_an_order_that_is_rolled_back_texts_nobody(outbox: Outbox, client: FakeClient) -> None:
    outbox.sql(QUEUED_BEFORE)
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        outbox.place(PHONES[0])  # the order is there, and then its text can't be
    await outbox.send_queued(client)
    assert outbox.sql("SELECT count(*) FROM orders") == [(0,)]
    assert client.sandbox.requests == 0


async def test_what_became_of_each_text_is_recorded_and_what_is_over_is_over(
    outbox: Outbox, client: FakeClient
) -> None:
    cut, refused = magic.number(Fault.JSON_CUT), magic.number(Fault.ROW_REJECTED)
    expected = {PHONES[0]: "accepted", refused: "rejected", cut: "unknown", "555-1234": "unsent"}
    for phone in expected:
        outbox.place(phone)
        await outbox.send_queued(client)
    assert statuses(outbox) == expected
    requests = client.sandbox.requests
    outbox.time_passes()
    await outbox.send_queued(client)
    assert client.sandbox.requests == requests
    codes = {PHONES[0]: "msg_000001", refused: "INVALID_NUMBER", cut: "UNREADABLE_ANSWER", "555-1234": "INVALID_PHONE"}
    assert dict(outbox.sql("SELECT phone, detail FROM outbox")) == codes


async def test_two_senders_at_once_do_no_harm(outbox: Outbox, client: FakeClient) -> None:
    for phone in PHONES:
        outbox.place(phone)
    await asyncio.gather(*(outbox.send_queued(client) for _ in range(2)))
    assert [text.phone for text in client.sandbox.texts] == PHONES
    assert statuses(outbox) == dict.fromkeys(PHONES, "accepted")


async def test_what_was_not_sent_stays_in_the_outbox(outbox: Outbox, client: FakeClient) -> None:
    outbox.place(PHONES[0])
    client.sandbox.misbehave([Fault.STATUS_402])
    with pytest.raises(InsufficientCreditsError):
        await outbox.send_queued(client)
    outbox.time_passes()
    client.sandbox.misbehave([(Fault.STATUS_429, 40)])
    await outbox.send_queued(client.with_options(max_wait=1))
    assert statuses(outbox) == {PHONES[0]: "queued"}
    assert client.sandbox.texts == ()


async def send_and_be_killed(url: str, api_key: str) -> None:
    async with (
        SQLiteIdempotency("keys.sqlite") as keys,
        AsyncClient(url=url, api_key=api_key, idempotency=keys, timeout=TIMEOUT) as client,
    ):
        with contextlib.closing(SQLiteOutbox()) as outbox:
            await outbox.send_queued(client)


async def test_a_text_whose_sender_is_killed_before_its_answer_is_unknown_and_not_sent_again(
    customersms_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outbox = SQLiteOutbox()
    outbox.place(PHONES[0])
    customersms_sandbox.misbehave([(Fault.SLOW, PATIENCE)])
    arguments = (customersms_sandbox.url, customersms_sandbox.api_key)
    sender = forked.begin(send_and_be_killed, *arguments)
    await customersms_sandbox.wait_for(1, timeout=PATIENCE)
    sender.kill()
    forked.ended(sender)
    await send_and_be_killed(*arguments)
    assert outbox.sql("SELECT status, detail FROM outbox") == [("unknown", "INTERRUPTED")]
    assert customersms_sandbox.requests == 1
    outbox.close()
