"""The guards that stop a send to many when request after request fails, as pure decisions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async import ConfigurationError, Status
from customersms_async._core.batching import Batch
from customersms_async._core.failure_guards import (
    COUNTING,
    NO_GUARDS,
    CountEffect,
    FailureGuards,
    FailuresInARow,
    GuardStop,
    counting,
    markdown,
)
from customersms_async._core.post_result import CLOSED, OVERDUE, Answer, NoAnswer, NotSent, PostResult
from customersms_async._core.rulings import judge
from support.places import DOCS

if TYPE_CHECKING:
    from customersms_async._core.rulings import Ruling

PHONES = ["+12125551234", "+13235554567"]
PAGE = b"<!DOCTYPE html><title>Forbidden</title>"


def answer(status: int, body: bytes | dict[str, Any] = PAGE) -> Answer:
    return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode())


def rows(*rows: dict[str, Any], **others: Any) -> Answer:
    results = [{"phone": phone} | row for phone, row in zip(PHONES, rows, strict=False)]
    return answer(200, {"success": True, "results": results} | others)


YES: dict[str, Any] = {"success": True, "message_id": "msg_1"}
NO: dict[str, Any] = {"success": False, "code": "BLOCKED"}
SLOWER: dict[str, Any] = {"success": False, "code": "RATE_LIMITED"}
NO_KEY: dict[str, Any] = {"success": False, "code": "INVALID_API_KEY"}
SAYS_NO: dict[str, Any] = {"success": False, "error": "no", "code": "BLOCKED"}

REQUESTS: dict[str, tuple[PostResult, int, CountEffect]] = {
    "accepted": (rows(YES), 1, CountEffect.BEGINS_ANEW),
    "all accepted": (rows(YES, YES), 2, CountEffect.BEGINS_ANEW),
    "accepted and rejected": (rows(NO, YES), 2, CountEffect.BEGINS_ANEW),
    "accepted and unknown": (rows({}, YES), 2, CountEffect.BEGINS_ANEW),
    "accepted and unsent": (rows(SLOWER, YES), 2, CountEffect.BEGINS_ANEW),
    "time-out": (NoAnswer("no answer in time"), 1, CountEffect.UNKNOWN),
    "reset, of two": (NoAnswer("reset"), 2, CountEffect.UNKNOWN),
    "a 502": (answer(502), 2, CountEffect.UNKNOWN),
    "a 503 of the gateway's own": (answer(503, SAYS_NO), 1, CountEffect.UNKNOWN),
    "a page with status 200": (answer(200), 1, CountEffect.UNKNOWN),
    "a 302 to a login": (answer(302), 1, CountEffect.UNKNOWN),
    "unknown and rejected": (rows({}, NO), 2, CountEffect.UNKNOWN),
    "unknown and unsent": (rows({}, SLOWER), 2, CountEffect.UNKNOWN),
    "a firewall's page": (answer(403), 2, CountEffect.REFUSED),
    "a firewall's page to one number": (answer(403), 1, CountEffect.REFUSED),
    "a moved script": (answer(404), 1, CountEffect.REFUSED),
    "a redirect without a body": (answer(301, b""), 1, CountEffect.REFUSED),
    "JSON that is not the gateway's": (answer(403, {"message": "Forbidden", "code": 403}), 1, CountEffect.REFUSED),
    "too large, a page, to one number": (answer(413), 1, CountEffect.REFUSED),
    "refused whole, two": (answer(400, SAYS_NO), 2, CountEffect.REFUSED),
    "refused with status 200, two": (answer(200, SAYS_NO), 2, CountEffect.REFUSED),
    "refused by their rows, two": (rows(NO, NO, success=False), 2, CountEffect.REFUSED),
    "refused, one": (answer(400, SAYS_NO), 1, CountEffect.NEITHER),
    "refused with status 200, one": (answer(200, SAYS_NO), 1, CountEffect.NEITHER),
    "refused by its row, one": (rows(NO), 1, CountEffect.NEITHER),
    "rejected and unsent": (rows(NO, SLOWER), 2, CountEffect.NEITHER),
    "a 429": (answer(429), 2, CountEffect.NEITHER),
    "a 429 of the gateway's own": (answer(429, SAYS_NO), 1, CountEffect.NEITHER),
    "all too much for the rate": (rows(SLOWER, SLOWER), 2, CountEffect.NEITHER),
    "too large, to be halved": (answer(413), 2, CountEffect.NEITHER),
    "a refused key": (answer(401), 2, CountEffect.NEITHER),
    "no credits": (answer(402), 1, CountEffect.NEITHER),
    "rows that refuse the key": (rows(NO_KEY, NO_KEY), 2, CountEffect.NEITHER),
    "connection refused": (NotSent("refused"), 2, CountEffect.NEITHER),
    "certificate refused": (NotSent("no", "CERTIFICATE_REFUSED", again=False), 1, CountEffect.NEITHER),
    "overdue": (OVERDUE, 1, CountEffect.NEITHER),
    "held back, or closed": (NotSent(CLOSED, again=False), 2, CountEffect.NEITHER),
}
RULINGS = {
    name: judge(happened, Batch("Hello", PHONES[:numbers], list(range(numbers))), 0.0)
    for name, (happened, numbers, _) in REQUESTS.items()
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_counts_for_what_became_of_its_texts(name: str) -> None:
    assert counting(RULINGS[name]) is REQUESTS[name][2]


def test_every_line_of_the_table_decides_something() -> None:
    first = {next(i for i, rule in enumerate(COUNTING) if rule.holds(ruling)) for ruling in RULINGS.values()}
    assert first == set(range(len(COUNTING)))


def test_the_table_of_the_docs_is_the_one_that_counts() -> None:
    page = (DOCS / "outcomes.md").read_text(encoding="utf-8")
    table = page.partition("failure_guards.py begins -->\n")[2].partition("<!-- the table ends")[0]
    assert table == f"\n{markdown()}\n\n", "python -m tools.generate_outcome_table writes it"


def stopped_at(names: list[str], guards: FailureGuards) -> tuple[int, str] | None:
    """The request after which nothing more is sent, and the guard that says so, by the counter."""
    failures = FailuresInARow()
    for place, name in enumerate(names):
        failures.learn(RULINGS[name])
        stop = guards.reached(failures)
        if stop is not None:
            return place, stop.guard
    return None


def stopped_at_by_hand(names: list[str], unknown: int | None, refused: int | None) -> tuple[int, str] | None:
    """The same, read off the whole history anew after each answer."""
    for place in range(len(names)):
        before = [RULINGS[name] for name in names[: place + 1]]
        took = [i for i, ruling in enumerate(before) if "accepted" in {o.status.value for o in ruling.outcomes}]
        since = before[took[-1] + 1 :] if took else before
        if unknown is not None and sum(map(may_have_sent_and_took_nothing, since)) >= unknown:
            return place, "stop_after_unknown"
        if refused is not None and sum(map(refused_whole, since)) >= refused:
            return place, "stop_after_refused"
    return None


def may_have_sent_and_took_nothing(ruling: Ruling) -> bool:
    return Status.UNKNOWN in {o.status for o in ruling.outcomes}


def refused_whole(ruling: Ruling) -> bool:
    alone_and_by_the_gateway = len(ruling.outcomes) == 1 and not ruling.is_foreign
    return {o.status for o in ruling.outcomes} == {Status.REJECTED} and not alone_and_by_the_gateway


limits = st.none() | st.integers(1, 6)
histories = st.lists(st.sampled_from(sorted(REQUESTS)) | st.sampled_from(["a 502", "a firewall's page"]), max_size=40)


@given(histories, limits, limits)
def test_sending_stops_at_the_first_answer_that_makes_too_many_failures_since_an_accepted_text(
    names: list[str], unknown: int | None, refused: int | None
) -> None:
    guards = FailureGuards(stop_after_unknown=unknown, stop_after_refused=refused)
    assert stopped_at(names, guards) == stopped_at_by_hand(names, unknown, refused)


def test_an_answer_that_says_nothing_about_the_gateway_changes_no_count() -> None:
    failures = FailuresInARow()
    for name in ("a 502", "a 429", "a 502"):
        failures.learn(RULINGS[name])
    assert (failures.unknown, failures.refused) == (2, 0)


def test_failures_of_two_kinds_in_turn_are_no_recoveries_of_each_other() -> None:
    assert stopped_at(["a 502", "a firewall's page"] * 9, FailureGuards()) == (8, "stop_after_unknown")


def test_a_guard_that_is_turned_off_stops_nothing() -> None:
    assert stopped_at(["a 502"] * 99 + ["a firewall's page"] * 99, NO_GUARDS) is None


@pytest.mark.parametrize(
    ("name", "stop"),
    [
        (
            "a 502",
            GuardStop(
                "stop_after_unknown",
                "2 requests in a row ended unknown (the last: the gateway answered with HTTP status 502): see whether "
                "the gateway is well, and who got a text, before sending on",
                502,
            ),
        ),
        (
            "a moved script",
            GuardStop(
                "stop_after_refused",
                "2 requests in a row were refused (the last: the gateway answered with HTTP status 404: there is no "
                "script at url=… or CUSTOMERSMS_URL): see what it refuses, and whether a firewall or another page "
                "answers in its place",
                404,
            ),
        ),
        (
            "time-out",
            GuardStop(
                "stop_after_unknown",
                "2 requests in a row ended unknown (the last: no answer in time): see whether the gateway is well, and "
                "who got a text, before sending on",
            ),
        ),
    ],
)
def test_a_stop_says_what_failed_last_and_what_to_look_into(name: str, stop: GuardStop) -> None:
    failures = FailuresInARow()
    for _ in range(2):
        failures.learn(RULINGS[name])
    assert FailureGuards(stop_after_unknown=2, stop_after_refused=2).reached(failures) == stop


def test_a_stop_quotes_no_failure_of_the_other_kind() -> None:
    failures = FailuresInARow()
    for name in ("a 502", "a firewall's page"):
        failures.learn(RULINGS[name])
    stop = FailureGuards(stop_after_unknown=1).reached(failures)
    assert stop is not None
    assert "the last" not in stop.reason


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "5", ...])
@pytest.mark.parametrize("name", ["stop_after_unknown", "stop_after_refused"])
def test_a_guard_is_none_or_a_whole_number_from_1_on(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be a whole number, 1 or more"):
        FailureGuards(**{name: value})
