"""Transitions of recipients in the database: those of the table and no other, whoever makes them, each counted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import psycopg
import pytest

from customersms_async._postgres import migrations
from customersms_async.campaign.states import ONLY_AFTER_AN_ATTEMPT, ONLY_WITH_CODE, TRANSITIONS, State
from customersms_async.models import Code

if TYPE_CHECKING:
    from support.postgres_servers import PostgresServerProcess

PAIRS = {(state, to) for (state, _), to in TRANSITIONS.items() if state is not None}


def may_be(state: State, to: State, code: str, attempts: int) -> bool:
    if state is to:
        return True
    known = (state, to) in PAIRS and code in ONLY_WITH_CODE.get((state, to), (code,))
    return known and (attempts > 0 or (state, to) not in ONLY_AFTER_AN_ATTEMPT)


def test_the_database_makes_the_transitions_of_the_table_alone_and_counts_each(
    database: str, started_postgres: PostgresServerProcess
) -> None:
    cases = list(itertools.product(State, State, ["", *Code], (0, 1)))
    with psycopg.connect(started_postgres.url(database=database), autocommit=True) as connection:
        migrations.migrate(connection)
        connection.execute("SET search_path = customersms")
        for place, (state, to, code, attempts) in enumerate(cases):
            connection.execute(
                "INSERT INTO campaign_recipients (id, phone, segments, state, code, attempts, attempt, updated_us)"
                " VALUES (%s, '+12125551234', 2, %s, %s, %s, 7, 0)",
                (place, state, code.encode(), attempts),
            )
            connection.execute(
                "INSERT INTO campaign_counts AS c VALUES (0, %s, %s, 1, 2) ON CONFLICT (campaign, state, code)"
                " DO UPDATE SET recipients = c.recipients + 1, segments = c.segments + 2",
                (state, code.encode()),
            )
            move = "UPDATE campaign_recipients SET state = %s, code = 'NEW' WHERE id = %s"
            if may_be(state, to, code, attempts):
                connection.execute(move, (to, place))
            else:
                with pytest.raises(psycopg.Error, match="the ledger has no such move"):
                    connection.execute(move, (to, place))
        counted = "SELECT state, code, recipients, segments FROM campaign_counts WHERE recipients <> 0 ORDER BY 1, 2"
        found = "SELECT state, code, count(*), sum(segments) FROM campaign_recipients GROUP BY 1, 2 ORDER BY 1, 2"
        assert connection.execute(counted).fetchall() == connection.execute(found).fetchall()


def test_one_statement_may_make_many_transitions_in_many_campaigns_and_one_that_is_none_stops_all(
    database: str, started_postgres: PostgresServerProcess
) -> None:
    with psycopg.connect(started_postgres.url(database=database), autocommit=True) as connection:
        migrations.migrate(connection)
        connection.execute("SET search_path = customersms")
        connection.execute(
            "INSERT INTO campaign_recipients (id, phone, segments, state, updated_us)"
            " SELECT (campaign::bigint << 32) + place, '+12125551234', place + 1, 'sending', 0"
            " FROM generate_series(1, 3) campaign, generate_series(0, 2) place"
        )
        connection.execute("INSERT INTO campaign_counts SELECT c, 'sending', '', 3, 6 FROM generate_series(1, 3) c")
        all_of_them = (
            "UPDATE campaign_recipients SET code = 'NEW',"
            " state = (ARRAY['accepted', 'unknown', %s])[1 + (id & 3)] WHERE id >> 32 < 3"
        )
        with pytest.raises(psycopg.Error, match="the ledger has no such move"):
            connection.execute(all_of_them, ("skipped",))
        connection.execute(all_of_them, ("rejected",))
        counts = connection.execute("SELECT campaign, state, recipients, segments FROM campaign_counts ORDER BY 1, 2")
        assert counts.fetchall() == [
            *((1, "accepted", 1, 1), (1, "rejected", 1, 3), (1, "sending", 0, 0), (1, "unknown", 1, 2)),
            *((2, "accepted", 1, 1), (2, "rejected", 1, 3), (2, "sending", 0, 0), (2, "unknown", 1, 2)),
            (3, "sending", 3, 6),
        ]
