"""The schema in the database: made by who may, used by who may not, forward only; and ``customersms ledger``."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from typer.testing import CliRunner

from customersms_async import (
    Campaign,
    Code,
    Outcome,
    PostgresIdempotency,
    PostgresQuota,
    PostgresSuppression,
    QuotaStoreError,
    Status,
)
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.layers import Layer
from customersms_async._postgres import jobs_schema, migrations
from customersms_async._postgres.server import PostgresServer
from customersms_async.campaign.rows import Addition, PlannedRecipient
from customersms_async.campaign.states import State
from customersms_async.cli.app import app
from support.places import DATA, PACKAGE
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from support.postgres_servers import PostgresServerProcess

LAYERS = (Layer(5, 1_000_000),)


def run(*arguments: str, status: int = 0, **environment: str) -> str:
    ended = CliRunner().invoke(app, ["ledger", *arguments], env=environment)
    assert ended.exit_code == status, ended.output
    return " ".join(ended.output.split())


async def used(url: str) -> None:
    """Use each store, all that it can do but what is rare."""
    async with (
        PostgresQuota(url, timeout=PATIENCE) as quota,
        PostgresIdempotency(url, timeout=PATIENCE) as keys,
        PostgresSuppression(url, timeout=PATIENCE) as suppression,
    ):
        request = await quota.take("key", LAYERS, 1_000)
        assert isinstance(request, int)
        await quota.settle("key", request)
        await quota.usage("key", LAYERS)
        claim = secrets.token_bytes(10)
        assert await keys.claim(Claim(claim, 1_000_000), [(secrets.token_bytes(16), b"content")]) == [None]
        assert await suppression.add("+12125551234") in (0, 1)
        assert await suppression.suppressed(["+12125551234"])


async def test_the_schema_is_made_at_first_use_by_a_role_that_may(
    database: str, started_postgres: PostgresServerProcess
) -> None:
    await used(started_postgres.url(database=database))
    assert started_postgres.sql("SELECT version FROM customersms.version", database=database) == [(migrations.VERSION,)]


async def test_stores_that_make_it_at_the_same_time_make_one(
    database: str, started_postgres: PostgresServerProcess
) -> None:
    await asyncio.gather(*(used(started_postgres.url(database=database)) for _ in range(4)))


async def test_a_role_without_rights_is_told_what_to_do_and_can_use_it_after_the_grant(
    database: str, started_postgres: PostgresServerProcess
) -> None:
    guest = started_postgres.url("guest", database)
    async with PostgresQuota(guest, timeout=PATIENCE) as store:
        with pytest.raises(QuotaStoreError, match=r"customersms is missing.*customersms ledger migrate") as caught:
            await store.take("key", LAYERS, 1_000)
        assert not caught.value.temporary
        owner = started_postgres.url(database=database)
        assert f"has version {migrations.VERSION}" in run("migrate", owner)
        with pytest.raises(QuotaStoreError, match=r"permission denied.*--grant") as caught:
            await store.take("key", LAYERS, 1_000)
        assert not caught.value.temporary
        said = json.loads(run("migrate", owner, "--grant", "guest", "--json"))
        assert said.pop("jobs")
        assert said == {"before": migrations.VERSION, "after": migrations.VERSION, "granted": ["guest"]}
        await store.take("key", LAYERS, 1_000)
    await used(guest)
    with pytest.raises(Exception, match="permission denied"):
        started_postgres.sql("UPDATE customersms.version SET version = 0", database=database, role="guest")


async def test_a_newer_schema_is_refused_and_left_as_it_is(
    database: str, started_postgres: PostgresServerProcess
) -> None:
    url = started_postgres.url(database=database)
    assert f"has version {migrations.VERSION}" in run("migrate", CUSTOMERSMS_DATABASE=url)
    started_postgres.sql("UPDATE customersms.version SET version = 99", database=database)
    async with PostgresQuota(url, timeout=PATIENCE) as store:
        with pytest.raises(QuotaStoreError, match=r"has version 99.*update customersms_async") as caught:
            await store.take("key", LAYERS, 1_000)
        assert not caught.value.temporary
    for command in ("migrate", "trust"):
        assert "has version 99" in run(command, url, status=1)
    assert started_postgres.sql("SELECT version FROM customersms.version", database=database) == [(99,)]


def test_a_campaign_of_version_2_has_its_input_as_its_first_addition_once_it_is_migrated(
    database: str, started_postgres: PostgresServerProcess
) -> None:
    schema = PACKAGE / "_postgres" / "schema"
    parts = (*migrations.PARTS[1], *migrations.PARTS[2])
    started_postgres.sql(
        "CREATE SCHEMA customersms",
        "CREATE TABLE customersms.version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version integer NOT NULL)",
        *((schema / f"{part}.sql").read_text(encoding="utf-8") for part in parts),
        "INSERT INTO customersms.version (version) VALUES (2)",
        "INSERT INTO customersms.campaigns (name, ledger, made_us) VALUES ('empty', 'b', 1)",
        "INSERT INTO customersms.campaigns (name, ledger, made_us, hash, recipients, added_us, rehearsal)"
        " VALUES ('spring', 'a', 1, 'digest', 1, 7, false)",
        "INSERT INTO customersms.campaign_texts VALUES (2, 0, 'Hi')",
        "INSERT INTO customersms.campaign_recipients (id, phone, text, segments, state, updated_us)"
        " VALUES (2::bigint << 32, '+12125551234', 0, 1, 'planned', 7)",
        "INSERT INTO customersms.campaign_counts VALUES (2, 'planned', '', 1, 1)",
        "INSERT INTO customersms.campaign_wanted VALUES (2, 1, 7, 'draft', 'added', 'Ann', '', '', NULL, NULL)",
        database=database,
        role="app",
    )
    url = started_postgres.url(database=database)
    said = json.loads(run("migrate", url, "--json"))
    assert (said["before"], said["after"]) == (2, migrations.VERSION)

    async def look() -> None:
        async with Campaign.open(url, name="spring", create=False) as campaign:
            assert await campaign.ledger.additions() == [Addition("", "digest", 7, "Ann", 1, 0)]
            assert await campaign.ledger.planned(0) == [PlannedRecipient(0, "+12125551234", "Hi", 1)]
            await campaign.ledger.skip([Outcome(0, "+12125551234", Status.UNSENT, None, "late", Code.EXPIRED)])
            assert await campaign.resolve("expired", as_="planned", by="Ann") == 1
            assert await campaign.add_more(["+12125551234", "+12125551235"], "Hi", by="Ben") == {
                **dict.fromkeys(State, 0), State.PLANNED: 1, State.SKIPPED: 1,
            }  # fmt: skip
        async with Campaign.open(url, name="empty", create=False) as campaign:
            assert await campaign.ledger.additions() == []

    asyncio.run(look())


@pytest.mark.parametrize("version", [4, 5])
def test_an_older_database_goes_on_in_the_middle_of_a_request_and_ends_as_a_new_one(
    version: int, database: str, started_postgres: PostgresServerProcess
) -> None:
    def ask(*statements: str) -> list[Any]:
        return started_postgres.sql(*statements, database=database, role="app")

    def definitions() -> list[Any]:
        return ask(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'customersms'::regnamespace UNION ALL"
            " SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE c.relnamespace = 'customersms'::regnamespace AND NOT t.tgisinternal ORDER BY 1"
        )

    schema = PACKAGE / "_postgres" / "schema"
    parts = [part for number in range(1, 5) for part in migrations.PARTS[number]]
    ask(
        "CREATE SCHEMA customersms",
        "CREATE TABLE customersms.version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version integer NOT NULL)",
        *((schema / f"{part}.sql").read_text(encoding="utf-8") for part in parts),
        (DATA / f"schema_{version}.sql").read_text(encoding="utf-8"),
        f"INSERT INTO customersms.version (version) VALUES ({version})",  # noqa: S608 - a number of ours
        "INSERT INTO customersms.campaigns (name, ledger, made_us, hash, recipients, added_us, rehearsal)"
        " VALUES ('spring', 'a', 1, 'digest', 3, 7, false)",
        "INSERT INTO customersms.campaign_recipients (id, phone, segments, state, updated_us)"
        " SELECT (1::bigint << 32) + place, '+12125551234', 1, 'planned', 7 FROM generate_series(0, 2) place",
        "INSERT INTO customersms.campaign_counts VALUES (1, 'planned', '', 3, 3)",
        "INSERT INTO customersms.campaign_leases VALUES (1, 1, 'host', 'holder', 7)",
        "INSERT INTO customersms.campaign_wanted VALUES (1, 1, 7, 'draft', 'added', 'Ann', '', '', NULL, NULL),"
        " (1, 2, 8, 'run', 'begun', 'Ann', '', '', 1, NULL)",
    )
    begin = "SELECT verdict FROM customersms.campaign_begin(1, NULL, false, 'holder', 1, {}, '{}', '', 3, NULL, '')"
    assert ask(begin.format(7, "{0,1}")) == [("begun",)]
    url = started_postgres.url(database=database)
    said = json.loads(run("migrate", url, "--json"))
    assert (said["before"], said["after"]) == (version, migrations.VERSION)
    record = (
        "SELECT customersms.campaign_record(1, NULL, {}, '', '{}', '{{accepted,planned}}', '{{\"\",\"\"}}',"
        " '{{NULL,NULL}}', '{{a,NULL}}', 200, NULL, NULL)"
    )
    ask(record.format(7, "{0,1}"))
    assert ask(begin.format(8, "{1,2}")) == [("begun",)]
    ask(record.format(8, "{1,2}"))
    counts = "SELECT state, recipients FROM customersms.campaign_counts WHERE recipients <> 0 ORDER BY 1"
    assert ask(counts) == [("accepted", 2), ("planned", 1)]
    found = definitions()
    ask("DROP SCHEMA customersms CASCADE")
    run("migrate", url)
    assert definitions() == found


async def test_a_schema_that_vanishes_while_it_is_used_is_made_anew(
    database: str, started_postgres: PostgresServerProcess
) -> None:
    async with PostgresQuota(started_postgres.url(database=database), timeout=PATIENCE) as store:
        await store.take("key", LAYERS, 1_000)
        started_postgres.sql("DROP SCHEMA customersms CASCADE", database=database)
        assert isinstance(await store.take("key", LAYERS, 1_000), int)


def test_every_function_is_the_caller_s_with_a_path_of_its_own(
    shared_postgres: PostgresServerProcess,
) -> None:
    asyncio.run(used(shared_postgres.url()))
    functions = shared_postgres.sql(
        "SELECT proname, prosecdef, proconfig FROM pg_proc WHERE pronamespace = 'customersms'::regnamespace",
        database="app",
    )
    assert len(functions) > 10
    for name, is_definer, settings in functions:
        assert not is_definer, name
        assert any(each.startswith("search_path=pg_catalog") for each in settings or []), name


@pytest.mark.parametrize("table", ["customersms.version", "customersms_jobs.made_for"])
def test_a_migration_beside_a_lock_is_given_up_by_the_server(
    database: str, started_postgres: PostgresServerProcess, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    url = started_postgres.url(database=database)
    run("migrate", url)
    for module in (migrations, jobs_schema):
        monkeypatch.setattr(module, "LOCK_TIMEOUT", b"SET LOCAL lock_timeout = '50ms'")
    with psycopg.connect(started_postgres.url("admin", database)) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        said = run("migrate", url, status=1)
    assert said == "the database can't be used: canceling statement due to lock timeout"


async def test_a_connection_that_has_died_unnoticed_is_not_lent(shared_postgres: PostgresServerProcess) -> None:
    """An idle one whose server process was ended, as idle_session_timeout ends it."""
    server = PostgresServer(shared_postgres.url(), "a test", PATIENCE, "stop")

    def count(connection: psycopg.Connection[Any]) -> int:
        (found,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        return int(found)

    try:
        first = await server.lend(count, PATIENCE)
        shared_postgres.sql(f"SELECT pg_terminate_backend({first})")
        assert await server.lend(count, PATIENCE) != first
    finally:
        await server.aclose()


def test_a_database_that_can_t_be_used_is_an_error(started_postgres: PostgresServerProcess) -> None:
    assert "can't be used" in run("migrate", started_postgres.url(database="none"), status=1)
    assert "can't read its URL" in run("trust", "redis://host", status=2)
    asyncio.run(used(started_postgres.url()))
    assert "no doubt" in run("trust", started_postgres.url())
    assert json.loads(run("trust", started_postgres.url(), "--json")) == {"doubted": False}
