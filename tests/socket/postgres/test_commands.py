"""The commands that look at a place, over PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from customersms_async import PostgresIdempotency
from customersms_async._core.idempotency_hashes import KeyHashes, shown_claim
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.idempotency_states import KeyEvent
from customersms_async.cli.app import app
from customersms_async.idempotency.protocol import ClaimEnd
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

CLAIM = b"0123456789"
KEY = {"CUSTOMERSMS_API_KEY": "cspro_a_key_that_must_never_show"}


def run(*arguments: str, **environment: str) -> str:
    ended = CliRunner().invoke(app, list(arguments), env=environment)
    assert ended.exit_code == 0, ended.output
    return " ".join(ended.output.split())


async def leave_unknown(url: str) -> None:
    async with PostgresIdempotency(url, timeout=PATIENCE) as store:
        hashed = store.hashes.of_send("order-17", "+12125551234", "Hello")
        await store.claim(Claim(CLAIM, 30_000_000, "a label"), [(hashed.key, hashed.content)])
        await store.end(CLAIM, [ClaimEnd(hashed.key, KeyEvent.UNANSWERED)])


def test_a_person_decides_about_a_key_in_postgresql(shared_postgres: PostgresServerProcess) -> None:
    url = shared_postgres.url()
    asyncio.run(leave_unknown(url))
    (one,) = json.loads(run("idempotency", "list", "--store", url, "--json"))["unknown"]
    assert one["label"] == "a label"
    run("idempotency", "resolve", "order-17", "--as", "accepted", "--by", "Ann", "--store", url)
    claim = shown_claim(CLAIM, KeyHashes(None).key_of_send("order-17"))
    assert run("idempotency", "show", "order-17", "--store", url) == f"accepted {claim}"


def test_a_list_in_postgresql_is_changed_and_shown_without_a_password(
    shared_postgres: PostgresServerProcess, tmp_path: Path
) -> None:
    url, shown = shared_postgres.url(password="a word"), f"postgresql://127.0.0.1:{shared_postgres.port}/app"
    words = f"host=127.0.0.1 port={shared_postgres.port} dbname=app user=app password=a_word"
    file = tmp_path / "numbers.txt"
    file.write_text("+12125551235\n+12125551236\n")
    for place in (url, words):
        said = [
            run("suppress", "add", "+12125551234", "--list", place, "--json"),
            run("suppress", "import", str(file), "--list", place, "--yes", "--json"),
            run("suppress", "list", "--list", place),
            run("suppress", "remove", "+12125551234", "+12125551235", "+12125551236", "--list", place, "--json"),
        ]
        assert json.loads(said[0]) == {"added": 1, "already": 0, "list": shown}
        assert "3 numbers on the list" in said[2]
        assert json.loads(said[3]) == {"removed": 3, "absent": 0, "list": shown}
        assert not [each for each in said if "word" in each]


def test_the_quota_in_postgresql_is_shown_without_a_password(shared_postgres: PostgresServerProcess) -> None:
    said = run("quota", "--quota", shared_postgres.url(password="a word"), "--json", **KEY)
    assert json.loads(said)["limits"][0]["used"] == 0
    assert "a%20word" not in said
    assert f"127.0.0.1:{shared_postgres.port}/app" in said
