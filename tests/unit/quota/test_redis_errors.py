"""Whatever redis-py raises is an error of the store, which says whether it may pass, and no password."""

from __future__ import annotations

import errno
import itertools
import re
import ssl
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import exceptions as of_redis

from customersms_async import QuotaStoreError
from customersms_async.quota._redis.errors import store_error

KINDS: list[Any] = [
    *(kind for kind in vars(of_redis).values() if isinstance(kind, type) and issubclass(kind, of_redis.RedisError)),
    of_redis.RedisClusterException,
    OSError,
    ssl.SSLError,
    ssl.SSLCertVerificationError,
    ssl.SSLEOFError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    RuntimeError,
    EOFError,
]
passwords = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=4, max_size=20)


def made(kind: Any, *arguments: Any) -> Exception:
    """An error of this kind, whatever it takes."""
    try:
        error: Exception = kind(*arguments)
    except Exception:  # noqa: BLE001 - some parse their text
        error = of_redis.ResponseError(*arguments)
    return error


@given(st.data(), passwords)
def test_any_error_is_one_of_the_store_without_the_password(data: st.DataObject, password: str) -> None:
    chain: list[Exception] = []
    for _ in range(data.draw(st.integers(1, 4))):
        before, after = (data.draw(st.sampled_from(["", "ERR ", "`", "'", '"', ", ", " ", "x: "])) for _ in range(2))
        text = f"{data.draw(st.sampled_from(['READONLY', 'LOADING', 'MOVED ', 'no', '']))}{before}{password}{after}"
        number = data.draw(st.sampled_from([*errno.errorcode]))
        kind = data.draw(st.sampled_from(KINDS))
        arguments = (number, f" {before}{password}{after}") if issubclass(kind, OSError) else (f" {text} ",)
        chain.append(made(kind, *arguments))
    for error, other in itertools.pairwise(chain):
        if data.draw(st.booleans()):
            error.__cause__ = other
        else:
            error.__context__ = other
    if data.draw(st.booleans()):
        chain[-1].__context__ = chain[0]  # a circle, which Python allows
    quoting = of_redis.ResponseError(f"unknown command `X`, with args beginning with: `AUTH`, `{password}`x")
    for error in (chain[0], quoting):
        found = store_error(error, secret=password)
        assert type(found) is QuotaStoreError
        said = str(found).removeprefix("the quota's Redis server can't be used: ")
        assert re.search(rf"(?<!\w){re.escape(password)}(?!\w)", said) is None


def test_the_last_word_on_tls_is_the_reason_that_openssl_gives() -> None:
    def through_redis(reason: str, kind: type[ssl.SSLError] = ssl.SSLError) -> bool:
        error = of_redis.ConnectionError("Error connecting to host:6379.")
        error.__context__ = kind(1, f"[SSL: {reason}] words (_ssl.c:1006)")
        return store_error(error).temporary

    for reason in ("WRONG_VERSION_NUMBER", "TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE"):
        assert not through_redis(reason)
    for reason in ("TLSV1_ALERT_INTERNAL_ERROR", "SSLV3_ALERT_BAD_RECORD_MAC"):
        assert through_redis(reason)
    assert through_redis("UNEXPECTED_EOF_WHILE_READING", ssl.SSLEOFError)


@pytest.mark.parametrize(
    ("number", "address", "passes"),
    [
        (errno.ENOENT, "/run/redis.sock", True),
        (errno.ENOENT, "unix:/run/redis.sock", True),
        (errno.ENOENT, "host:6379", False),
        (errno.EACCES, "/run/redis.sock", False),
        (errno.ENOTSOCK, "/run/redis.sock", False),
        (errno.ECONNREFUSED, "host:6379", True),
        (errno.EHOSTUNREACH, "host:6379", True),
        (errno.EMFILE, "host:6379", True),
        (errno.ETIMEDOUT, "host:6379", True),
    ],
)
def test_the_system_s_word_decides_of_what_it_does_not_allow(number: int, address: str, passes: bool) -> None:
    error = of_redis.ConnectionError(f"Error {number} connecting to {address}.")
    error.__context__ = OSError(number, "words")
    assert store_error(error).temporary is passes
