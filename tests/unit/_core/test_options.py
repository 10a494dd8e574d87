"""The options of a client: every value in range, or an error that names it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.options import DOCUMENTED_URL, Options, as_limits, check_parts
from customersms_async.errors import ConfigurationError
from customersms_async.idempotency import MemoryIdempotency
from customersms_async.models import DOCUMENTED_LIMITS, Caps, Limit
from customersms_async.quota import MemoryQuota
from customersms_async.suppression import MemorySuppression

CAPS = Caps("otp", per_number=Limit(1, 30))


def options(**changed: Any) -> Options:
    given: dict[str, Any] = {
        "url": DOCUMENTED_URL,
        "limits": DOCUMENTED_LIMITS,
        "reserve": 0.05,
        "pace": ...,
        "batch_size": 100,
        "max_concurrency": 8,
        "max_retries": 2,
        "max_wait": None,
        "timeout": 30.0,
    }
    return Options(**{**given, **changed})


def test_the_documented_endpoint_is_the_one_of_the_endpoint_section() -> None:
    assert DOCUMENTED_URL.endswith("/sms_system/api.php")
    assert options().url == DOCUMENTED_URL


def test_the_url_may_be_left_to_the_environment() -> None:
    assert options(url=None).url is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/api.php",
        "HTTPS://EXAMPLE.ORG",
        "https://example.org:8443/a/b?c=d",
        "https://192.0.2.7/",
        "https://[2001:db8::1]/",
        "http://localhost/api.php",
        "http://LOCALHOST:8000/",
        "http://127.0.0.1:8000/api.php",
        "http://127.255.0.9/",
        "http://[::1]:8000/",
    ],
)
def test_https_goes_anywhere_and_plain_http_to_this_machine(url: str) -> None:
    assert options(url=url).url == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (3, "must be text"),
        (b"https://example.org", "must be text"),
        ("", "https://host/path"),
        ("example.org/api.php", "https://host/path"),
        ("//example.org/api.php", "https://host/path"),
        ("https://", "https://host/path"),
        ("https:///api.php", "https://host/path"),
        ("https://:443/", "https://host/path"),
        ("ftp://example.org/", "https://host/path"),
        ("file:///api.php", "https://host/path"),
        ("https://user@example.org/", "without a user name"),
        ("https://user:password@example.org/", "without a user name"),
        ("https://:password@example.org/", "without a user name"),
        ("https://[::1/", "can't be read"),
        ("https://example.org:99999/", "can't be read"),
        ("https://example.org:http/", "can't be read"),
        ("http://example.org/", "must be https"),
        ("http://10.0.0.1/", "must be https"),
        ("http://0.0.0.0/", "must be https"),
        ("http://128.0.0.1/", "must be https"),
        ("http://[2001:db8::1]/", "must be https"),
        ("http://localhost.example.org/", "must be https"),
        ("http://127.0.0.1.example.org/", "must be https"),
        ("http://notlocalhost/", "must be https"),
        ("http://example.org#@localhost/", "must be https"),
        ("http://example.org?@localhost/", "must be https"),
        ("http://localhost\\.example.org/", "must be https"),
        ("http://localhost@example.org/", "without a user name"),
        ("http://example.org\\@localhost/", "without a user name"),
    ],
)
def test_a_url_that_would_show_the_key_or_leads_nowhere_is_refused(url: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        options(url=url)


@pytest.mark.parametrize(
    "url", ["https://example.org/\n", "https://exa\nmple.org/", "https://example.org/\x00", "https://example\t.org/"]
)
def test_a_url_that_the_http_library_cant_read_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ConfigurationError):
        options(url=url)


def test_an_error_about_the_url_never_quotes_its_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        options(url="https://user:hidden@example.org/")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("limits", [(), (100,), ((100, 60),), (Limit(1, 1), None)])
def test_limits_are_one_or_more(limits: Any) -> None:
    with pytest.raises(ConfigurationError, match="limits"):
        options(limits=limits)


@pytest.mark.parametrize("pace", [10, 0, "fast", (10, 1), False])
def test_a_pace_is_a_limit_or_none(pace: Any) -> None:
    with pytest.raises(ConfigurationError, match="pace"):
        options(pace=pace)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("reserve", [0, 0.0, 0.05, 0.5, 0.999]),
        ("batch_size", [1, 100, 10**6]),
        ("max_concurrency", [1, 8, 100]),
        ("max_retries", [0, 1, 100]),
        ("max_wait", [None, 0, 0.0, 0.5, 86_400]),
        ("timeout", [0.001, 1, 30.0, 3_600]),
        ("label", [None, "tenant-42", "Zoë's shop", "x" * 64]),
    ],
)
def test_values_in_range_are_kept(name: str, good: list[Any]) -> None:
    assert [getattr(options(**{name: value}), name) for value in good] == good


NO_NUMBERS: list[Any] = ["1", True, False, math.nan, math.inf, -math.inf, -1, -0.001, Decimal(1), [], ...]


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("reserve", [*NO_NUMBERS, None, 1, 1.0, 1.5]),
        ("batch_size", [*NO_NUMBERS, None, 0, 1.0, 1.5]),
        ("max_concurrency", [*NO_NUMBERS, None, 0, 1.0, 1.5]),
        ("max_retries", [*NO_NUMBERS, None, 0.0, 1.5]),
        ("max_wait", NO_NUMBERS),
        ("timeout", [*NO_NUMBERS, None, 0, 0.0, 0.0009]),
        ("label", ["", " ", "x" * 65, "a\nb", "\x1b[31m", 42, b"tenant", "cspro_", "my cspro_key"]),
    ],
)
def test_values_out_of_range_are_refused_by_name(name: str, bad: list[Any]) -> None:
    for value in bad:
        with pytest.raises(ConfigurationError, match=f"{name} must (be|not)"):
            options(**{name: value})


def test_a_range_with_an_upper_end_says_so() -> None:
    with pytest.raises(ConfigurationError, match=r"reserve must be a number of at least 0 and at most 0\.999, not 1"):
        options(reserve=1)
    with pytest.raises(ConfigurationError, match=r"timeout must be a number of at least 0\.001, not 0"):
        options(timeout=0)


async def test_a_store_and_an_http_client_are_known_by_what_they_can_do() -> None:
    async with httpx.AsyncClient() as http_client:
        check_parts(quota=MemoryQuota(), http_client=None)
        check_parts(quota=MemoryQuota(), http_client=http_client)
        check_parts(quota=MemoryQuota(), http_client=httpx.AsyncHTTPTransport())
        no_stores: list[Any] = [None, {}, http_client]
        for no_store in no_stores:
            with pytest.raises(
                ConfigurationError, match=f"quota .* such as SQLiteQuota.path., not {type(no_store).__name__}"
            ):
                check_parts(quota=no_store, http_client=None)
        no_clients: list[Any] = [{}, MemoryQuota(), "https://example.org", httpx.HTTPTransport()]
        for no_client in no_clients:
            with pytest.raises(ConfigurationError, match=f"http_client .* not {type(no_client).__name__}"):
                check_parts(quota=MemoryQuota(), http_client=no_client)
        check_parts(quota=MemoryQuota(), http_client=None, idempotency=MemoryIdempotency())
        with pytest.raises(
            ConfigurationError,
            match=r"idempotency must be a store of keys, such as SQLiteIdempotency.path., not MemoryQuota",
        ):
            check_parts(quota=MemoryQuota(), http_client=None, idempotency=MemoryQuota())
        check_parts(quota=MemoryQuota(), http_client=None, caps=CAPS, suppression=MemorySuppression())
        with pytest.raises(ConfigurationError, match=r"caps must be Caps, such as .*, not Limit"):
            check_parts(quota=MemoryQuota(), http_client=None, caps=Limit(1, 30))
        with pytest.raises(
            ConfigurationError,
            match=r"suppression must be a store of numbers, such as SQLiteSuppression.path., not set",
        ):
            check_parts(quota=MemoryQuota(), http_client=None, suppression={"+12125551234"})


def test_caps_need_a_quota_store_that_keeps_them() -> None:
    class Old:
        in_process = False
        take = renew = settle = give_back = pause = forecast_us = usage = None

    check_parts(quota=Old(), http_client=None)
    with pytest.raises(ConfigurationError, match="caps need a quota store that keeps them, and Old does not"):
        check_parts(quota=Old(), http_client=None, caps=CAPS)


def test_options_are_frozen_and_checked_again_when_replaced() -> None:
    with pytest.raises(AttributeError):
        options().timeout = 1.0  # type: ignore[misc]
    assert msgspec.structs.replace(options(), batch_size=7).batch_size == 7
    with pytest.raises(ConfigurationError):
        msgspec.structs.replace(options(), batch_size=0)


@pytest.mark.parametrize(
    ("pace", "limits", "gentle"),
    [
        (..., DOCUMENTED_LIMITS, Limit(10, 1)),
        (..., DOCUMENTED_LIMITS[::-1], Limit(10, 1)),
        (..., (Limit(600, 60),), Limit(10, 1)),
        (..., (Limit(1_200, 60),), Limit(20, 1)),
        (..., (Limit(5, 1), Limit(10_000, 60)), Limit(10, 1)),
        (..., (Limit(10_000, 60), Limit(50, 1)), Limit(50, 1)),
        (..., (Limit(30, 0.5),), Limit(60, 1)),
        (..., (Limit(1, 86_400),), Limit(10, 1)),
        (None, DOCUMENTED_LIMITS, None),
        (Limit(3, 2), (Limit(1_200, 60),), Limit(3, 2)),
    ],
)
def test_the_pace_is_as_told_or_gentle_but_no_slower_than_the_shortest_limit(
    pace: Any, limits: tuple[Limit, ...], gentle: Limit | None
) -> None:
    assert options(pace=pace, limits=limits).gentle_pace == gentle


@given(
    st.lists(
        st.builds(Limit, st.integers(1, 10**6), st.floats(0.001, 1e6)),
        min_size=1,
        max_size=4,
        unique_by=lambda limit: limit.seconds,
    )
)
def test_the_gentle_pace_never_makes_the_shortest_limit_wait(limits: list[Limit]) -> None:
    pace = options(limits=tuple(limits)).gentle_pace
    assert pace is not None
    shortest = min(limits, key=lambda limit: limit.seconds)
    mean = shortest.requests / shortest.seconds
    assert pace.seconds == 1
    assert max(10.0, mean) <= pace.requests < max(10.0, mean) + 1


@pytest.mark.parametrize(
    ("limits", "taken"),
    [
        (Limit(1, 1), (Limit(1, 1),)),
        ([Limit(1, 1), Limit(2, 2)], (Limit(1, 1), Limit(2, 2))),
        (DOCUMENTED_LIMITS, DOCUMENTED_LIMITS),
        (iter([Limit(1, 1)]), (Limit(1, 1),)),
        ([], ()),
        (None, ()),
        (7, ()),
    ],
)
def test_one_limit_or_several_become_a_tuple(limits: Any, taken: tuple[Limit, ...]) -> None:
    assert as_limits(limits) == taken


def test_a_store_of_one_process_without_its_plain_call_is_refused() -> None:
    class Half:
        in_process = True
        take = renew = settle = give_back = pause = forecast_us = usage = None

    with pytest.raises(ConfigurationError, match="Half says that it is in_process, but has no take_now"):
        check_parts(quota=Half(), http_client=None)
