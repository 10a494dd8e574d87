"""``customersms idempotency list|show|resolve``, over a file and a server."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from customersms_async import RedisIdempotency, SQLiteIdempotency
from customersms_async._core.idempotency_hashes import KeyHashes, shown_claim
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.idempotency_states import KeyEvent
from customersms_async.cli.app import app
from customersms_async.idempotency.protocol import ClaimEnd

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.idempotency import IdempotencyStore
    from support.redis_servers import RedisServer

KEY = "order-17/shipped"
ID = shown_claim(b"0123456789", KeyHashes(None).key_of_send(KEY))


async def leave_unknown(store: IdempotencyStore, label: str = "01234567") -> None:
    """What a program leaves whose answer got lost."""
    hashed = store.hashes.of_send(KEY, "+12125551234", "Hello")
    await store.claim(Claim(b"0123456789", 30_000_000, label), [(hashed.key, hashed.content)])
    await store.end(b"0123456789", [ClaimEnd(hashed.key, KeyEvent.UNANSWERED)])
    await store.aclose()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("CUSTOMERSMS_IDEMPOTENCY", raising=False)
    path = tmp_path / "keys.db"
    asyncio.run(leave_unknown(SQLiteIdempotency(path)))
    return str(path)


def run(*arguments: str, status: int = 0, **environment: str) -> str:
    ended = CliRunner().invoke(app, ["idempotency", *arguments], env=environment)
    assert ended.exit_code == status, ended.output
    return " ".join(ended.output.split())


def test_what_is_unknown_is_listed_shown_and_resolved(file: str) -> None:
    assert f"{ID} " in run("list", "--store", file)
    (one,) = json.loads(run("list", "--store", file, "--json"))["unknown"]
    assert (one["id"], one["label"]) == (ID, "01234567")
    assert run("show", KEY, "--store", file) == f"unknown {ID}"
    assert json.loads(run("show", ID, "--store", file, "--json")) == {"state": "unknown", "id": ID}
    assert "still be on its way" in run("resolve", KEY, "--as", "unsent", "--by", "Ann", "--store", file, status=2)
    assert run("resolve", ID, "--as", "accepted", "--by", "Ann", "--store", file) == f"{ID} is accepted from now on"
    assert run("list", CUSTOMERSMS_IDEMPOTENCY=file) == "no text is of unknown fate"
    assert run("show", KEY, "--phone", "+12125551234", "--store", file) == "free"


@pytest.mark.parametrize("columns", ["20", "40", "80"])
def test_an_id_and_a_label_are_never_cut_so_that_they_can_be_copied(tmp_path: Path, columns: str) -> None:
    path, label = tmp_path / "keys.db", "the shop in the market hall of the old town, by Ann Lee"
    asyncio.run(leave_unknown(SQLiteIdempotency(path), label))
    listed = run("list", "--store", str(path), COLUMNS=columns)
    assert f"│ {ID} │" in listed
    assert f"│ {label} │" in listed
    assert run("show", KEY, "--store", str(path), COLUMNS=columns) == f"unknown {ID}"
    said = run("resolve", ID, "--as", "accepted", "--by", "Ann", "--store", str(path), COLUMNS=columns)
    assert said == f"{ID} is accepted from now on"


def test_a_server_is_asked_too(shared_redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    namespace = secrets.token_hex(8)
    store = RedisIdempotency(shared_redis.url, volatile=True, namespace=namespace, secret="a secret")
    asyncio.run(leave_unknown(store))
    place = ("--store", shared_redis.url, "--namespace", namespace)
    assert run("show", KEY, *place) == "free"
    shown = shown_claim(b"0123456789", store.hashes.key_of_send(KEY))
    assert run("show", KEY, *place, CUSTOMERSMS_IDEMPOTENCY_SECRET="a secret") == f"unknown {shown}"
    said = run("resolve", shown, "--as", "accepted", "--by", "Ann", "--json", *place)
    assert json.loads(said) == {"resolved": shown, "as": "accepted", "by": "Ann"}


def test_a_place_where_no_keys_are_is_refused_and_nothing_is_made_there(file: str, tmp_path: Path) -> None:
    assert "there is no file" in run("list", "--store", str(tmp_path / "none.db"), status=2)
    assert not (tmp_path / "none.db").exists()
    assert "no idempotency keys are kept at http://host" in run("list", "--store", "http://me:word@host", status=2)
    assert "say where the keys are" in run("list", status=2)
