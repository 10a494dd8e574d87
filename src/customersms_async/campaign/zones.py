"""Time zones: the one of a name, and those that a phone number may be in, by phonenumbers' own data."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

_UNKNOWN: Final = "Etc/Unknown"


@lru_cache(maxsize=1_000)
def load_zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises ``ConfigurationError`` if this machine knows none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise ConfigurationError(
            f"{name!r} is no time zone that this machine knows: give a name such as Europe/Paris"
        ) from None


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
