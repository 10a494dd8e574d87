"""Requests to places that follow each other, which are read as one stretch, and to any others: nobody is mixed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from customersms_async._postgres import migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres_servers import PostgresServerProcess

PEOPLE = 12
PLACES = [
    *([0], [11], [0, 1, 2, 3], [4, 5, 6, 7, 8], [11, 10, 9], [0, 11], [1, 2, 4, 5], [7, 3, 9]),
    [2, 4, 3, 5],  # as far from the first to the last as if they were in a row
    [5, 3, 4, 8],
    list(range(PEOPLE)),
]
REFUSED = [[3, 3], [3, 3, 5], [PEOPLE - 1, PEOPLE], [-1, 0], [PEOPLE], [0, 2_000_000_000]]
CAMPAIGNS = 2 * max(len(PLACES), len(REFUSED)) + 1
"""Every other one is asked for one of these, and has neighbours whom nobody asks for."""

FATES = [("accepted", ""), ("rejected", "NO"), ("unknown", "WHO"), ("planned", "")]


@pytest.fixture
def connection(database: str, started_postgres: PostgresServerProcess) -> Iterator[psycopg.Connection[Any]]:
    """Campaigns that are run, each with the same places."""
    with psycopg.connect(started_postgres.url(database=database), autocommit=True) as connected:
        migrations.migrate(connected)
        connected.execute("SET search_path = customersms")
        connected.execute(
            "INSERT INTO campaign_recipients (id, phone, segments, state, updated_us)"
            " SELECT (campaign::bigint << 32) + place, '+12125551234', place + 1, 'planned', 0"
            " FROM generate_series(%s::integer, %s::integer) campaign, generate_series(0, %s::integer) place",
            (1, CAMPAIGNS, PEOPLE - 1),
        )
        connected.execute(
            "INSERT INTO campaign_counts SELECT (id >> 32)::integer, state, code, count(*), sum(segments)"
            " FROM campaign_recipients GROUP BY 1, 2, 3"
        )
        connected.execute(
            "INSERT INTO campaign_leases SELECT c, 1, 'host', 'holder', 0 FROM generate_series(1, %s::integer) c",
            (CAMPAIGNS,),
        )
        for number, state, event in ((1, "draft", "added"), (2, "run", "begun")):
            connected.execute(
                "INSERT INTO campaign_wanted SELECT c, %s, 0, %s, %s, '', '', '', 1, NULL"
                " FROM generate_series(1, %s::integer) c",
                (number, state, event, CAMPAIGNS),
            )
        yield connected


def begin(connection: psycopg.Connection[Any], campaign: int, places: list[int]) -> str:
    begun = connection.execute(
        "SELECT verdict FROM campaign_begin(%s, 5, false, 'holder', 1, %s, %s::integer[], 'them', 3, NULL, '')",
        (campaign, campaign, places),
    ).fetchall()
    return str(begun[0][0])


def record(connection: psycopg.Connection[Any], campaign: int, fates: dict[int, tuple[str, str]]) -> None:
    connection.execute(
        "SELECT campaign_record(%s, 9, %s, 'them', %s::integer[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[],"
        " 200, NULL, NULL)",
        (
            *(campaign, campaign, list(fates), [state for state, _ in fates.values()]),
            *([code.encode() for _, code in fates.values()], [f"why {place}".encode() for place in fates]),
            [f"id {place}".encode() for place in fates],
        ),
    )


def rows(connection: psycopg.Connection[Any], campaign: int) -> list[Any]:
    """State, code, error, message's id, attempts, last attempt and time of change of each."""
    return connection.execute(
        "SELECT state, convert_from(code, 'UTF8'), convert_from(error, 'UTF8'), convert_from(message_id, 'UTF8'),"
        " attempts, attempt, updated_us FROM campaign_recipients WHERE id >> 32 = %s ORDER BY id",
        (campaign,),
    ).fetchall()


def assert_counted(connection: psycopg.Connection[Any]) -> None:
    counted = "SELECT * FROM campaign_counts WHERE recipients <> 0 ORDER BY 1, 2, 3"
    found = (
        "SELECT (id >> 32)::integer, state, code, count(*), sum(segments) FROM campaign_recipients GROUP BY 1, 2, 3"
        " ORDER BY 1, 2, 3"
    )
    assert connection.execute(counted).fetchall() == connection.execute(found).fetchall()


def assert_others_are_untouched(connection: psycopg.Connection[Any]) -> None:
    for campaign in range(1, CAMPAIGNS + 1, 2):
        assert rows(connection, campaign) == [UNTOUCHED] * PEOPLE


UNTOUCHED = ("planned", "", None, None, 0, None, 0)


def test_a_request_moves_whom_it_names_and_gives_each_what_its_own_answer_says(
    connection: psycopg.Connection[Any],
) -> None:
    for campaign, places in zip(range(2, CAMPAIGNS, 2), PLACES, strict=False):
        assert begin(connection, campaign, places) == "begun"
        sending = ("sending", "", None, None, 1, campaign, 5)
        assert rows(connection, campaign) == [sending if each in places else UNTOUCHED for each in range(PEOPLE)]
        assert_counted(connection)

        fates = {place: FATES[number % len(FATES)] for number, place in enumerate(places)}
        record(connection, campaign, fates)
        assert rows(connection, campaign) == [
            (*fates[place], f"why {place}", f"id {place}", 1, campaign, 9) if place in fates else UNTOUCHED
            for place in range(PEOPLE)
        ]
        assert_counted(connection)
    assert_others_are_untouched(connection)


@pytest.mark.parametrize("which", [0, 1, -1])
def test_one_who_is_not_planned_any_more_keeps_all_of_them(which: int, connection: psycopg.Connection[Any]) -> None:
    for campaign, places in zip(range(2, CAMPAIGNS, 2), PLACES, strict=False):
        skipped = (campaign << 32) + places[which if len(places) > 1 else 0]
        connection.execute("UPDATE campaign_recipients SET state = 'skipped' WHERE id = %s", (skipped,))
        before = rows(connection, campaign)
        with pytest.raises(psycopg.Error, match="somebody is not planned any more"):
            begin(connection, campaign, places)
        assert rows(connection, campaign) == before
    assert_counted(connection)
    assert_others_are_untouched(connection)


def test_places_of_nobody_and_places_that_come_twice_keep_all_of_them(connection: psycopg.Connection[Any]) -> None:
    for campaign, places in zip(range(2, CAMPAIGNS, 2), REFUSED, strict=False):
        with pytest.raises(psycopg.Error, match="somebody is not planned any more"):
            begin(connection, campaign, places)
        assert rows(connection, campaign) == [UNTOUCHED] * PEOPLE
    assert_counted(connection)
    assert_others_are_untouched(connection)


def test_a_late_answer_moves_who_was_cut_off_and_makes_accepted_who_is_planned_again(
    connection: psycopg.Connection[Any],
) -> None:
    for campaign, places in zip(range(2, CAMPAIGNS, 2), PLACES, strict=False):
        begin(connection, campaign, places)
        connection.execute("SELECT campaign_recover(%s, 1000000000, 'x', 'cut off')", (campaign,))
        again = places[::2]
        connection.execute(
            "UPDATE campaign_recipients SET state = 'planned', code = '', error = NULL, updated_us = 8"
            " WHERE id = ANY (%s::bigint[])",
            ([(campaign << 32) + place for place in again],),
        )
        fates = {place: FATES[number // 2 % 2] for number, place in enumerate(places)}  # accepted, or rejected
        record(connection, campaign, fates)
        for place, row in enumerate(rows(connection, campaign)):
            if place not in places:
                assert row == UNTOUCHED
            elif place in again and fates[place][0] != "accepted":
                assert row == ("planned", "", None, None, 1, campaign, 8)
            else:
                assert row == (*fates[place], f"why {place}", f"id {place}", 1, campaign, 9)
    assert_counted(connection)
    assert_others_are_untouched(connection)
