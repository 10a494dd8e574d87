"""Time zones: the one of a name, and those that a phone number may be in, by phonenumbers' own data."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

_UNKNOWN: Final = "Etc/Unknown"
_IN_ALL_DATA: Final = "Europe/Paris"


@lru_cache(maxsize=1_000)
def load_zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises ``ConfigurationError`` if this machine knows none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise ConfigurationError(
            f"{name!r} is no time zone that this machine knows: give a name such as Europe/Paris"
        ) from None


@final
class ZoneFinder:
    """Finds the time zones that a recipient may be in, for hours whose ``fallback`` is the zone of all others.

    Raises ``ConfigurationError`` where ``phonenumbers`` is not installed, where the machine has no data of time zones,
    and for a fallback that is none.
    """

    def __init__(self, fallback: str | None) -> None:
        self._by_number = zones_by_number()
        self._otherwise = () if fallback is None else (fallback,)
        load_zone(fallback or _IN_ALL_DATA)

    def zones(self, phone: str, own: str | None) -> tuple[str, ...]:
        """The names of the zones: the recipient's own, else all of the number, else the fallback.

        Empty if there is none, or if this machine does not know one of them, as nobody knows the time there then.
        """
        zones = (own,) if own else self._by_number(phone) or self._otherwise
        try:
            for name in zones:
                load_zone(name)
        except ConfigurationError:
            return ()
        return zones


def zones_by_number() -> Callable[[str], tuple[str, ...]]:
    """The function that gives the names of all zones in which an E.164 number may be; none if that is not known.

    Raises ``ConfigurationError`` where ``phonenumbers`` is not installed. A call takes some 50 µs, and up to a
    millisecond where numbers of many countries come in turns.
    """
    try:
        import phonenumbers
        from phonenumbers.timezone import time_zones_for_number
    except ImportError:
        raise ConfigurationError('hours need phonenumbers: pip install "customersms-async[phones]"') from None

    def zones(phone: str) -> tuple[str, ...]:
        try:
            found = time_zones_for_number(phonenumbers.parse(phone))
        except phonenumbers.NumberParseException:
            return ()
        return tuple(name for name in found if name != _UNKNOWN)

    return zones
