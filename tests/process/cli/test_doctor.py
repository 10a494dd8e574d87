"""``customersms doctor``: what is wrong, and that nothing is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.command import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox
    from support.command import Commands

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]


def test_where_all_is_well_it_ends_with_0_and_the_gateway_has_heard_nothing(
    customersms: Commands, serve: Serve
) -> None:
    gateway, there = serve()
    ended = customersms("doctor", **there)
    assert ended.status == 0, ended.words
    assert "Nothing is wrong here" in ended.words
    assert gateway.requests == 0
    assert KEY not in ended.out + ended.err


def test_what_is_wrong_is_said_with_what_to_do_and_ends_with_1(customersms: Commands) -> None:
    ended = customersms("doctor", "--url", "https://127.0.0.1:9/", "--json")
    *parts, last = map(json.loads, ended.out.splitlines())
    wrong = {each["part"]: each for each in parts if each["health"] == "wrong"}
    assert set(wrong) == {"key", "connection"}
    assert all(each["todo"] for each in wrong.values())
    assert [each["part"] for each in parts if each["health"] == "skipped"] == ["TLS"]
    assert (ended.status, last) == (1, {"summary": {"exit_status": 1}})
