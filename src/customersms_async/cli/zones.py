"""The time zone that moments are shown in: the one that a person names, or this machine's, by its name."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final, NamedTuple

from ..campaign.zones import load_zone
from ..errors import ConfigurationError
from .formats import wall_time
from .option_values import wrong_value

BEYOND: Final = "a time beyond all calendars"
"""What is said of a moment that no calendar has, as a file that others wrote may hold one."""

_LOCAL: Final = Path("/etc/localtime")
_FOLDER: Final = "zoneinfo"


class ShownZone(NamedTuple):
    """A time zone and what it is called; ``zone`` of ``None`` is this machine's own."""

    name: str
    zone: tzinfo | None

    def moment(self, us: int) -> str:
        """A time (microseconds since 1970) as a clock on a wall there shows it, to the second."""
        return wall_time(us / 1e6, self.zone) or BEYOND


def read_zone(name: str | None) -> ShownZone:
    """The zone of that name, such as ``Europe/Berlin``; of ``None`` this machine's. Raises ``typer.BadParameter``."""
    if name is None:
        return ShownZone(_name_of_local(), None)
    try:
        return ShownZone(name, load_zone(name))
    except ConfigurationError as error:
        raise wrong_value("--zone", str(error)) from None


def _name_of_local() -> str:
    """The name of this machine's zone, as ``TZ`` or the file of its clock says it; else the letters that it has now."""
    told = os.environ.get("TZ", "").removeprefix(":")
    name = told or os.path.realpath(_LOCAL).partition(f"/{_FOLDER}/")[2]
    with contextlib.suppress(ConfigurationError):
        load_zone(name)
        return name
    return datetime.now(UTC).astimezone().tzname() or "local time"
