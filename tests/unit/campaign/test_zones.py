"""In which time zones a recipient may be: their own, else those of the number, else the one for all others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from customersms_async import ConfigurationError
from customersms_async.campaign.zones import ZoneFinder, load_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

PARIS, MOSCOW, SATELLITE = "+33612345678", "+79161234567", "+88210000000"
HOSTILE = (
    "", "Mars/Phobos", "../../etc/passwd", "/etc/localtime", "Europe", "Europe/Paris\0", "a" * 5_000, "\ud83d",
    "Europe/Paris\n", ".", "con", "%s", "\x1b[31m",
)  # fmt: skip


@pytest.fixture
def _no_phonenumbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine where the extra is not installed."""
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "phonenumbers", None)
        yield


def test_a_recipient_s_own_zone_goes_before_those_of_the_number_and_those_before_the_fallback() -> None:
    finder = ZoneFinder("Pacific/Auckland")
    assert finder.zones(PARIS, "Asia/Tokyo") == ("Asia/Tokyo",)
    assert finder.zones(PARIS, None) == finder.zones(PARIS, "") == ("Europe/Paris",)
    assert finder.zones(SATELLITE, None) == ("Pacific/Auckland",)


def test_a_number_that_may_be_in_several_zones_has_all_of_them() -> None:
    zones = ZoneFinder("Pacific/Auckland").zones(MOSCOW, None)
    assert {"Europe/Moscow", "Europe/Samara", "Asia/Kamchatka"} <= set(zones)
    assert "Pacific/Auckland" not in zones


@pytest.mark.parametrize("phone", [SATELLITE, "nope", "", "+1", "+" + "9" * 40])
def test_a_number_of_no_known_zone_has_none_without_a_fallback(phone: str) -> None:
    assert ZoneFinder(None).zones(phone, None) == ()


def test_a_zone_of_their_own_that_this_machine_lacks_is_no_zone_and_not_that_of_the_number() -> None:
    finder = ZoneFinder("Europe/Paris")
    for name in HOSTILE[1:]:
        assert finder.zones(PARIS, name) == (), name


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_that_is_no_zone_is_refused_in_words(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no time zone that this machine knows"):
        load_zone(name)
    if name:
        with pytest.raises(ConfigurationError, match="is no time zone that this machine knows"):
            ZoneFinder(name)


@pytest.mark.usefixtures("_no_phonenumbers")
def test_without_phonenumbers_hours_name_the_extra_to_install() -> None:
    with pytest.raises(ConfigurationError, match=r'pip install "customersms-async\[phones\]"'):
        ZoneFinder("Europe/Paris")
