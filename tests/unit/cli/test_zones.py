"""The zone that moments are shown in, and what it is called."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import typer

from customersms_async.cli.zones import read_zone
from support.platforms import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENT = 1_792_978_800_000_000  # 2026-10-26 01:40 UTC, the night after summer time has ended in Europe


@pytest.fixture(autouse=True)
def zone_of_the_machine() -> Iterator[None]:
    yield
    if not WINDOWS:
        time.tzset()


def test_a_named_zone_is_shown_by_its_own_rules() -> None:
    berlin = read_zone("Europe/Berlin")
    assert (berlin.name, berlin.moment(MOMENT)) == ("Europe/Berlin", "2026-10-26 02:40:00")
    assert berlin.moment(MOMENT - 2 * 86_400_000_000) == "2026-10-24 03:40:00"
    assert read_zone("Asia/Kathmandu").moment(MOMENT) == "2026-10-26 07:25:00"


@pytest.mark.parametrize("name", ["", "Nowhere/At_all", "../passwd", "/etc/passwd", "Europe", "a\0b", "CET DST"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time zone"):
        read_zone(name)


@pytest.mark.skipif(WINDOWS, reason="Windows takes no zone from TZ")
@pytest.mark.parametrize(
    ("told", "name", "shown"),
    [
        ("America/New_York", "America/New_York", "2026-10-25 21:40:00"),
        (":Europe/Paris", "Europe/Paris", "2026-10-26 02:40:00"),
        ("ABC-5", "ABC", "2026-10-26 06:40:00"),
    ],
)
def test_the_machine_s_own_zone_has_a_name(monkeypatch: pytest.MonkeyPatch, told: str, name: str, shown: str) -> None:
    monkeypatch.setenv("TZ", told)
    time.tzset()
    zone = read_zone(None)
    assert (zone.name, zone.moment(MOMENT)) == (name, shown)
