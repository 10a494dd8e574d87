"""Addresses of PostgreSQL servers: what libpq takes them for, what may be shown, and what is refused."""

from __future__ import annotations

import pytest

from customersms_async import ConfigurationError
from customersms_async._postgres import server_url
from customersms_async._postgres.server_url import WrittenURL


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("postgresql://me:hush@host:5433/app?sslmode=require", "postgresql://me@host:5433/app?sslmode=require"),
        ("postgresql://me@host/app", "postgresql://me@host/app"),
        ("postgresql://:hush@host/app", "postgresql://host/app"),
        ("postgresql://host/app?user=me&password=hush", "postgresql://host/app?user=me"),
        ("postgresql://host/app?pass%77ord=hush&sslpassword=hush", "postgresql://host/app"),
        ("postgresql://me:hush?hush#hush:hush@one:1,two:2/app", "postgresql://me@one:1,two:2/app"),
        ("postgresql://me:hu%2Fsh@[::1]/app?options=-c%20a%3Db", "postgresql://me@[::1]/app?options=-c%20a%3Db"),
        ("postgres:///app?passfile=/run/secrets/pass", "postgres:///app?passfile=/run/secrets/pass"),
    ],
)
def test_a_url_without_its_password_is_the_same_in_all_else(url: str, bare: str) -> None:
    server_url.check(url, "a store")
    assert str(WrittenURL.of(url)) == url
    assert str(WrittenURL.of(url).without_password()) == bare
    known, left = server_url.parts(url), server_url.parts(bare)
    assert {name: known[name] for name in known if name not in ("password", "sslpassword")} == left
    assert "hush" not in server_url.shown(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hush/hush@host/app",
        "postgresql://me:12/hush@host/app",
        "postgresql://me:hush@hush@host/app",
        "postgresql://me:hush",
        "postgresql://me:12/hush?hush@host/app",
        "postgresql://host/app?port=hush",
    ],
)
def test_a_password_that_would_be_taken_for_a_host_a_port_or_a_database_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="special characters percent-encoded") as caught:
        server_url.check(url, "a store")
    assert "hush" not in str(caught.value)


def test_a_pair_of_words_is_no_url() -> None:
    with pytest.raises(ValueError, match="no URL"):
        WrittenURL.of("host=db password=hush")
