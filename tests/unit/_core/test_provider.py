"""What the provider documents: each fact as docs/gateway.md has it."""

from __future__ import annotations

import re

import pytest

from customersms_async._core import provider
from customersms_async.models import DOCUMENTED_LIMITS, Code
from support.places import DOCS

DOCUMENTED = re.search(
    r"^## Documented\n(.*?)^## ", (DOCS / "gateway.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(
    "fact",
    [
        f"`POST {provider.DOCUMENTED_URL}`",
        f"`Content-Type: {provider.HEADERS['Content-Type']}`",
        f"`{provider.KEY_PREFIX}…`",
        f"`{provider.INVALID_API_KEY}` is the only code documented",
        "100 requests a minute, 5,000 an hour, 50,000 a day",
    ],
)
def test_a_documented_fact_is_in_the_docs(fact: str) -> None:
    assert DOCUMENTED is not None
    assert fact in DOCUMENTED[1]


def test_the_limits_stand_once() -> None:
    assert provider.LIMITS == ((100, 60), (5_000, 60 * 60), (50_000, 24 * 60 * 60))
    assert tuple((limit.requests, limit.seconds) for limit in DOCUMENTED_LIMITS) == provider.LIMITS


def test_the_codes_of_refusals_are_among_the_clients_own() -> None:
    assert {*provider.FATAL_STATUSES.values(), provider.RATE_LIMITED} <= set(Code)


def test_no_status_means_two_things() -> None:
    groups = [
        set(provider.FATAL_STATUSES),
        provider.RATE_LIMIT_STATUSES,
        {provider.TOO_LARGE_STATUS},
        provider.REDIRECT_STATUSES,
        provider.UNCERTAIN_STATUSES,
    ]
    assert len(set().union(*groups)) == sum(map(len, groups))
