"""An address where a path may stand: told from one, however it is written, and shown without what is secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async import Campaign, SQLiteIdempotency, SQLiteQuota, SQLiteSuppression
from customersms_async._core.written_address import check_path, looks_like_address, without_credentials
from customersms_async.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:hush@h:6379/0", "redis://h:6379/0"),
        ("rediss://user:hush@h", "rediss://h"),
        ("redis://:hu/sh@h/1", "redis://h/1"),
        ("redis://:hu@sh@h/1", "redis://h/1"),
        ("redis://h?password=hush", "redis://h"),
        ("REDIS://:hush@h", "REDIS://h"),
        ("redis:/:hush@h", "redis:/h"),
        ("redis::hush@h", "redis:h"),
        ("unix://:hush@/run/redis.sock", "unix:///run/redis.sock"),
        ("redis://h:6379/0", "redis://h:6379/0"),
        ('"postgresql://me:hush@h/app"', '"postgresql://h/app"'),
        ("'postgres://me:hush@h/app'", "'postgres://h/app'"),
        ("\ufeff postgresql://me:hush@h/app#spring", "\ufeff postgresql://h/app"),
        ("QUOTA=postgresql://me:hush@h/app", "QUOTA=postgresql://h/app"),
        ("jdbc:postgresql://me:hush@h/app", "jdbc:h/app"),
        ("postgresql//me:hush@h/app", "postgresql:h/app"),
        ("postgresql:app", "postgresql:app"),
        ("me:hush@h/app", "me:h/app"),
        ("memory", "memory"),
        ("/home/me@work/q.sqlite", "/home/me@work/q.sqlite"),
        ("C:/me@work/q.sqlite", "C:/me@work/q.sqlite"),
        ("./postgres://me@work", "./postgres://me@work"),
        ("postgres/q.sqlite", "postgres/q.sqlite"),
        ("backup-12:30/me/q.sqlite", "backup-12:30/me/q.sqlite"),
    ],
)
def test_a_url_is_shown_without_its_credentials_and_a_path_as_it_is(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@given(st.sampled_from(["redis", "rediss", "https", "x+y"]), st.text(), st.text(), st.booleans())
def test_nothing_before_the_last_at_sign_is_shown(scheme: str, user: str, password: str, mark: bool) -> None:
    secret = f"{user}:hush{password}"
    assert "hush" not in without_credentials(f"{scheme}:{'//' if mark else ''}{secret}@host/0")


SLIPS = ['"{}"', "'{}'", " {}", "<{}>", "URL={}", "\ufeff{}", "jdbc:{}"]
URL = "postgresql://me:hush@host/app#spring"


@pytest.mark.parametrize("written", [*SLIPS, "{}"])
@pytest.mark.parametrize(
    "url", [URL, URL.replace("://", "//"), URL.replace("://", ":/"), URL.replace("postgresql://", "")]
)
def test_a_slip_of_the_pen_makes_no_path_of_an_address(written: str, url: str) -> None:
    assert looks_like_address(written.format(url))
    assert "hush" not in without_credentials(written.format(url))


@pytest.mark.parametrize("written", SLIPS)
@pytest.mark.parametrize("store", [SQLiteQuota, SQLiteIdempotency, SQLiteSuppression])
def test_a_stores_file_has_no_address_for_a_path(store: type, written: str) -> None:
    for url in (URL, written.format(URL)):
        with pytest.raises(ConfigurationError, match="takes the path of a file") as refused:
            store(url)
        assert "hush" not in str(refused.value)


def test_any_other_path_is_one_but_for_a_null_character() -> None:
    check_path("/home/me@work/q.sqlite", "SQLiteQuota")
    with pytest.raises(ConfigurationError, match="null character"):
        check_path("q\0.sqlite", "SQLiteQuota")


@pytest.mark.parametrize("written", SLIPS)
async def test_a_ledger_has_no_address_for_a_path(written: str) -> None:
    with pytest.raises(ConfigurationError, match="a ledger is a file") as refused:
        async with Campaign.open(written.format(URL)):
            pass
    assert "hush" not in str(refused.value)
