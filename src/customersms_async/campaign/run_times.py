"""The options of a run that say when its texts may leave, and the schedule that they make."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

import msgspec

from .._core.hours import Hours, microseconds
from .._core.options import check_number
from .._core.schedule import LONGEST_MARGIN_US, SendSchedule
from .._sending.delivery import seconds_for
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .._core.options import Options
    from .._sending.send_options import SendOptions


_TOO_LATE: Final = 9_000


class RunTimes(msgspec.Struct, frozen=True, kw_only=True):
    """When the texts of a run may leave: see ``Campaign.run``. Raises ``ConfigurationError`` for what can't be.

    ``in_database``: several hosts have the ledger, so that no machine's own time zone can be meant.
    """

    hours: Hours | None = None
    at: datetime | None = None
    expires: datetime | timedelta | None = None
    margin: float | None = None
    in_database: bool = False

    def __post_init__(self) -> None:
        if self.hours is not None:
            if not isinstance(self.hours, Hours):
                raise ConfigurationError(f"hours must be Hours, not {self.hours!r}")
            from .zones import zones_by_number  # imported when used, as few runs have hours

            zones_by_number()
        if self.margin is not None:
            check_number("margin", self.margin, 0, LONGEST_MARGIN_US / 1e6)
        zone = self.zone
        for name, given in (("at", self.at), ("expires", self.expires)):
            if isinstance(given, datetime):
                if given.tzinfo is None and zone is None and self.in_database:
                    raise ConfigurationError(
                        f"{name} needs an offset, or the hours a zone, as several hosts have this ledger"
                    )
                if given.year >= _TOO_LATE:
                    raise ConfigurationError(f"{name} must be before the year {_TOO_LATE}, not {given!r}")
            elif isinstance(given, timedelta) and name == "expires":
                if not timedelta() < given < timedelta(days=36_500):
                    raise ConfigurationError(f"expires must be more than no time, and below 100 years, not {given!r}")
            elif given is not None:
                raise ConfigurationError(f"{name} must be a datetime, not {given!r}")

    @property
    def zone(self) -> tzinfo | None:
        """The zone of times without an offset; ``None``: this machine's."""
        if self.hours is None or self.hours.zone is None:
            return None
        from .zones import load_zone

        return load_zone(self.hours.zone)

    def schedule(self, options: SendOptions | Options) -> SendSchedule | None:
        """The schedule of a run through a client with these options; ``None``: texts may leave at any time."""
        if self.hours is None and self.at is None and self.expires is None:
            return None
        margin = seconds_for(options.timeout, options.batch_size) if self.margin is None else self.margin
        after = self.expires if isinstance(self.expires, timedelta) else None
        return SendSchedule(
            hours=self.hours,
            at_us=self._us(self.at),
            expires_us=None if isinstance(self.expires, timedelta) else self._us(self.expires),
            expires_after_us=None if after is None else after // timedelta(microseconds=1),
            margin_us=round(margin * 1e6),
        )

    def _us(self, moment: datetime | None) -> int | None:
        if moment is None:
            return None
        zone = self.zone
        if moment.tzinfo is None:
            moment = moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
        return max(0, microseconds(moment))
