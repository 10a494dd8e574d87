"""What a person can do about a database that can't be used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..._postgres.errors import PostgresError

_BY_WORDS: Final = (
    (
        re.compile(r"password|authentication|SASL", re.IGNORECASE),
        "see its password: in the URL, PGPASSWORD or a password file",
    ),
    (re.compile(r"database .* does not exist|no such database"), "see the database's name, or have it made"),
    (re.compile(r"role .* does not exist|no such user"), "see the user's name in the URL"),
    (re.compile(r"no pg_hba"), "its pg_hba.conf must let this user in, from here"),
    (re.compile(r"certificate|SSL|TLS"), "see sslmode and sslrootcert in the URL, and the server's certificate"),
)
"""Advice by the words of servers and of libpq, which says no code while it connects. The first that fits counts."""


def advice(error: PostgresError) -> str:
    """What to look at, to follow on the error; empty where its own words say so, or nothing is known."""
    for words, said in _BY_WORDS:
        if words.search(str(error)):
            return f"; {said}"
    return "; try again once the server can be reached from here" if error.temporary else ""
