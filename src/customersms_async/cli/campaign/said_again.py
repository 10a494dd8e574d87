"""What the last run of a campaign kept to and the next one will not, as its options do not say it again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from .wanted_output import named_terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...campaign.terms import CampaignTerms
    from ...campaign.wanted import WantedNow
    from ..options import ClientOptions

_EVERY_DAY: Final = "mon-sun"

_GUARDS: Final = {
    "keep_credits": ("keep_credits", "--keep-credits"),
    "max_recipients": ("max_recipients", "--max-recipients"),
    "max_segments": ("max_segments", "--max-segments"),
    "allow_prefix": ("allow_prefixes", "--allow-prefix"),
}
"""The guards that keep texts from anybody, by the name of the option in Python: their names in the terms, and here.

Not ``until``, as a time that is over stops everything; nor those that have a default.
"""


def not_said_again(
    wanted: WantedNow | None, client: ClientOptions, times: dict[str, Any], guards: dict[str, Any]
) -> list[str]:
    """A line for each of the last run's terms that keep texts from people and that a run with these options lacks.

    But for the guard that has stopped it: it is meant to go on without that, or with another one.
    """
    terms = None if wanted is None else wanted.terms
    if wanted is None or terms is None:
        return []
    lacking = list(_caps_and_times(terms, client, times))
    for option, (name, flag) in _GUARDS.items():
        value = getattr(terms.guards, name)
        if value not in (None, ()) and guards[option] in (None, ()) and wanted.guard != option:
            lacking.append((flag, " ".join(value) if isinstance(value, tuple) else f"{value:,}", flag))
    return [
        f"the last run kept to {name} ({said}), and this one has none: give {flag} again if it shall"
        for name, said, flag in lacking
    ]


def _caps_and_times(
    terms: CampaignTerms, client: ClientOptions, times: dict[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """What is not said again of caps, hours, beginning and expiry: its name, its value in words, and the option."""
    last, schedule = dict(named_terms(terms)), terms.schedule
    if "caps" in last and not client.allowed.cap:
        yield "caps", last["caps"], "--cap"
    if schedule is None:
        return
    hours = schedule.hours
    if hours is not None and times["hours"] is None:
        yield "hours", last["hours"], "--between"
    elif hours is not None:
        if hours.days != _EVERY_DAY and times["hours"].days == _EVERY_DAY:
            yield "days", hours.days, "--days"
        if hours.not_on and not times["hours"].not_on:
            yield "dates without texts", ", ".join(map(str, hours.not_on)), "--not-on"
    if "expires" in last and times["expires"] is None:
        yield "an expiry", last["expires"], "--expires"
    if times["at"] is None and (schedule.at_us or 0) > time.time() * 1e6:
        yield "a beginning", last["begins"], "--at"
