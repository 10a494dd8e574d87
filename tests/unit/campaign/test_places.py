"""Where a ledger is: a file's path or a database's URL, and what of it may be shown."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from customersms_async import Campaign, ConfigurationError
from customersms_async._http.httpx_engine import _HttpxRoute
from customersms_async._http.proxies import Proxy
from customersms_async._postgres.server_url import WrittenURL
from customersms_async.campaign._postgres.database_place import read_database, read_place
from customersms_async.campaign.ledger_opening import shown
from customersms_async.cli.campaign.ledger_place import read_ledger_place
from customersms_async.cli.option_group import OptionGroup


class ProbeOptions(OptionGroup, frozen=True):
    ledger: str


@pytest.mark.parametrize(
    ("place", "name", "again"),
    [
        ("postgresql://me:hush@host/app#spring", "postgresql://host/app#spring", "postgresql://me@host/app#spring"),
        (
            "postgresql://me@host/app?lease=9&sslmode=require&failover=trust#a sale",
            "postgresql://host/app#a sale",
            "postgresql://me@host/app?lease=9&sslmode=require&failover=trust#a sale",
        ),
        ("postgresql://me:hu#sh@host/app#spring", "postgresql://host/app#spring", "postgresql://me@host/app#spring"),
        ("postgresql://host/app#50%25%23%40", "postgresql://host/app#50%#@", "postgresql://host/app#50%25%23%40"),
        (
            "postgresql:///app?password=hu%23sh&lease=9#x",
            "postgresql:///app#x",
            "postgresql:///app?lease=9#x",
        ),
        ("postgresql:///app?passfile=pass#x", "postgresql:///app#x", "postgresql:///app?passfile=pass#x"),
    ],
)
def test_a_place_in_a_database_is_shown_without_its_password_and_leads_there_again(
    place: str, name: str, again: str
) -> None:
    found = shown(place)
    assert found == (name, name.partition("#")[2], again, "hu" in place)
    one, other = read_place(place, None), read_place(again, None)
    assert one._replace(url="") == other._replace(url="")
    assert (one.url != other.url) is found.has_password


def test_options_of_libpq_stay_as_they_are_written() -> None:
    place = read_place("postgresql://host/app?lease=9&options=-c%20a%3Db#x", None)
    assert place == ("postgresql://host/app?options=-c%20a%3Db", "x", 9.0, "stop")


def test_a_file_is_shown_as_it_is_named() -> None:
    assert shown("folder/spring.ledger") == ("folder/spring.ledger", "spring.ledger", "folder/spring.ledger", False)
    assert not shown("a#b").has_password


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("postgresql://me:hush@host/app", "say which"),
        ("postgresql://me:hu#sh@host/app", "%23 for a # in a password"),
        ("postgresql://me:hu/sh@host/app#x", "percent-encoded"),
        ("postgresql+psycopg://me:hush@host/app#x", "postgresql://host/database#spring"),
        ("redis://:hush@host/0", "postgresql://host/database#spring"),
        ("postgres:me:hush@host/app#x", "postgresql://host/database#spring"),
        ("host=db password=hush dbname=app", "postgresql://host/database#spring"),
        ("application_name=x  password = hush", "postgresql://host/database#spring"),
        ("service=hush", "postgresql://host/database#spring"),
        ("postgresql://host/app?lease=0#x", "lease must be"),
        ("postgresql://host/app?failover=no#x", "failover must be"),
        ("postgresql://host/app?user=me&password=hu#sh", "right behind a password"),
        ("postgresql://host/app?lease=9&pass%77ord=hush#hush", "right behind a password"),
        ("postgresql://host/app?sslpassword=#hush", "right behind a password"),
        ("postgresql://host/app#" + 101 * "x", "at most 100"),
        ("postgresql://host/app# x", "printable"),
    ],
)
async def test_what_can_be_no_place_is_refused_without_a_word_of_it(place: str, why: str) -> None:
    for given in (place, Path(place)):
        with pytest.raises(ConfigurationError) as caught:
            await Campaign.open(given).__aenter__()
        assert "hu" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=why.replace("+", r"\+")):
        shown(place)


async def test_the_name_may_stand_apart_and_goes_with_a_database_alone() -> None:
    assert read_place("postgresql://host/app", "spring") == read_place("postgresql://host/app#spring", None)
    with pytest.raises(ConfigurationError, match="given twice: 'autumn', and another") as caught:
        await Campaign.open("postgresql://host/app#spring", name="autumn").__aenter__()
    assert "spring" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="right behind a password"):
        read_place("postgresql://host/app?password=hu#sh", "spring")
    with pytest.raises(ConfigurationError, match="has no name there"):
        await Campaign.open("spring.ledger", name="spring").__aenter__()


def test_nothing_that_holds_an_address_shows_its_password() -> None:
    address = "postgresql://me:hush@host/app?sslpassword=hush&lease=9#spring"
    holders = (
        read_place(address, None),
        read_database(address),
        WrittenURL.of(address),
        read_ledger_place(address),
        ProbeOptions(ledger=address),
        Proxy("http://me:hush@host:8080", "HTTPS_PROXY"),
        _HttpxRoute("http://me:hush@host:8080", "https", b"sms.example.com", ssl.create_default_context()),
    )
    assert [repr(each) for each in holders if "hush" in f"{each!r} {[each]}"] == []
