"""How terms name a list of suppressed numbers: no list is taken for another one."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

from psycopg_pool import ConnectionPool

from customersms_async import MemorySuppression, PostgresSuppression, SQLiteSuppression
from customersms_async.campaign.terms import list_name

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
