"""Which errors of a PostgreSQL server may pass by themselves; and what is never in their words."""

from __future__ import annotations

import pytest

from customersms_async._postgres.errors import connection_error, server_error


@pytest.mark.parametrize(
    ("sqlstate", "temporary"),
    [
        ("08006", True),  # the connection is lost
        ("40001", True),  # another call won
        ("40P01", True),
        ("53100", True),  # the disk is full
        ("53300", True),  # too many connections
        ("55P03", True),  # a lock was not to be had
        ("57014", True),  # cancelled
        ("57P01", True),  # the server stops
        ("57P03", True),  # the server starts
        ("57P05", True),  # it was idle for too long
        ("01000", True),  # no standby has the commit
        ("25006", True),  # it became a standby
        ("28P01", False),  # the password
        ("28000", False),  # the role
        ("3D000", False),  # the database
        ("42501", False),  # a permission
        ("42883", False),  # no such function
        ("XX001", False),  # damaged
        ("", False),
    ],
)
def test_what_a_server_says_passes_by_its_code(sqlstate: str, temporary: bool) -> None:
    assert server_error(sqlstate, "words").temporary is temporary


@pytest.mark.parametrize(
    ("message", "temporary"),
    [
        ('connection to server at "127.0.0.1", port 5432 failed: Connection refused', True),
        ("connection failed: [Errno -2] Name or service not known", True),
        ("failed to resolve host 'db': [Errno -3] Temporary failure in name resolution", True),
        ("connection timeout expired", True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  sorry, too many clients already", True),
        ('FATAL:  too many connections for role "app"', True),
        ("FATAL:  remaining connection slots are reserved for non-replication superuser connections", True),
        ("server closed the connection unexpectedly", True),
        ("FATAL:  no more connections allowed (max_client_conn)", True),
        ("couldn't get a connection after 5.00 sec", True),
        ("SSL SYSCALL error: EOF detected", True),
        ('FATAL:  password authentication failed for user "app"', False),
        ('FATAL:  database "app" does not exist', False),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "app", database "app", no encryption', False),
        ("fe_sendauth: no password supplied", False),
        ("SSL error: certificate verify failed", False),
        ("server does not support SSL, but SSL was required", False),
        ('root certificate file "/no/such/file" does not exist', False),
        ('FATAL:  permission denied for database "app"', False),
        ("the pool 'pool-1' is already closed", False),
    ],
)
def test_what_is_said_while_connecting_passes_by_its_words(message: str, temporary: bool) -> None:
    assert connection_error(message).temporary is temporary


def test_a_password_is_in_no_error_and_a_very_short_one_takes_no_letters_away() -> None:
    assert str(server_error("XX000", "it was s3cret\n  indeed", secret="s3cret")) == "it was *** indeed"
    assert str(connection_error("a cat sat", secret="at")) == "a cat sat"
