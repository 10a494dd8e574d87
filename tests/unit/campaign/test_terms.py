"""What terms say of suppressed numbers and of times: no list is taken for another one, and all times come back."""

from __future__ import annotations

import gc
import json
import os
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from psycopg_pool import ConnectionPool

from customersms_async import Hours, MemorySuppression, PostgresSuppression, SQLiteSuppression
from customersms_async._core.schedule import LATEST_US, SendSchedule
from customersms_async.campaign.terms import decode, list_name
from customersms_async.testing._contract.ledger_hosts import TERMS

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.campaign.terms import CampaignTerms

SCHEDULES = [
    SendSchedule(hours=Hours("18:00-02:00", "mon,wed", [date(2026, 12, 25)], "Europe/Paris"), margin_us=32_000_000),
    SendSchedule(at_us=0, expires_us=LATEST_US),
    SendSchedule(at_us=LATEST_US, expires_after_us=LATEST_US, margin_us=86_400_000_000),
]


def with_schedule(schedule: SendSchedule | None) -> CampaignTerms:
    return msgspec.structs.replace(TERMS, schedule=schedule)


@pytest.mark.parametrize("schedule", [*SCHEDULES, None])
def test_terms_come_back_with_their_schedule(schedule: SendSchedule | None) -> None:
    terms = with_schedule(schedule)
    assert decode(terms.encode()) == terms


def test_terms_of_a_campaign_from_before_there_were_schedules_have_none() -> None:
    said = with_schedule(None).as_object()
    del said["schedule"]
    assert decode(json.dumps(said)).schedule is None


@pytest.mark.parametrize(
    "change",
    [
        {"hours": {"between": "25:00-26:00"}},
        {"hours": {"between": ""}},
        {"hours": {"between": "09:00-20:00\u0000"}},
        {"hours": {"between": "09:00-20:00", "days": "someday"}},
        {"hours": {"between": "09:00-20:00", "days": ""}},
        {"hours": {"between": "09:00-20:00", "not_on": ["2026-02-30"]}},
        {"hours": {"between": "09:00-20:00", "zone": ""}},
        {"hours": {"between": "09:00-20:00", "zone": 5}},
        {"hours": "09:00-20:00"},
        *({name: us} for name in ("at_us", "expires_us", "expires_after_us") for us in (-1, LATEST_US + 1, 2**70, 0.5)),
        {"at_us": "now"},
        {"margin_us": -1},
        {"margin_us": 86_400_000_001},
        {"margin_us": None},
    ],
    ids=str,
)
def test_a_schedule_that_is_none_is_refused_as_terms_that_are_none(change: dict[str, Any]) -> None:
    said = with_schedule(SCHEDULES[0]).as_object()
    said["schedule"] |= change
    with pytest.raises(ValueError, match=r".") as caught:
        decode(msgspec.json.encode(said).decode())
    assert not isinstance(caught.value, UnicodeError)


def test_two_lists_in_memory_are_two_and_each_stays_the_same() -> None:
    first, second = MemorySuppression(), MemorySuppression()
    assert list_name(first) == list_name(first) != list_name(second)
    names = set()
    for _ in range(20):  # also where one has the address of one that is gone
        names.add(list_name(MemorySuppression()))
        gc.collect()
    assert len(names) == 20


def test_a_list_in_memory_is_another_one_in_a_forked_child(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = MemorySuppression()
    ours = list_name(kept)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert list_name(kept) != ours


def test_lists_of_one_place_are_one_and_a_pool_names_no_place(tmp_path: Path) -> None:
    path = tmp_path / "list"
    assert list_name(SQLiteSuppression(path)) == list_name(SQLiteSuppression(path))
    assert list_name(SQLiteSuppression(path)) != list_name(SQLiteSuppression(tmp_path / "other"))
    named = [list_name(PostgresSuppression(f"postgresql://me:{word}@db/app")) for word in ("hush", "hushed")]
    assert named == ["PostgresSuppression('postgresql://db/app')"] * 2
    pools = [PostgresSuppression(ConnectionPool(f"postgresql://{host}/app", open=False)) for host in ("one", "two")]
    assert len({list_name(each) for each in pools}) == 2
