"""Terms that the last run of a campaign kept to, and that the next one drops, as its options don't have them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from ..._core.failure_guards import FailureGuards
from ...campaign.guards import GuardTerms
from .wanted_output import named_terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...campaign.terms import CampaignTerms
    from ...campaign.wanted import WantedNow
    from ..options import ClientOptions

_EVERY_DAY: Final = "mon-sun"

_PASSED_OVER: Final = frozenset({"until_unix", *FailureGuards.__struct_fields__})
"""Guards that nobody misses: a time that is over stops everything, and the others have a default."""

_CALLED_OTHERWISE: Final = {"allow_prefixes": "allow_prefix"}
"""Guards whose option has another name than their field in the terms."""

GUARDS: Final = {
    name: _CALLED_OTHERWISE.get(name, name) for name in GuardTerms.__struct_fields__ if name not in _PASSED_OVER
}
"""The guards that keep texts from anybody, by their fields in the terms: their options, as Python has them."""


def dropped_terms(
    wanted: WantedNow | None, client: ClientOptions, times: dict[str, Any], guards: dict[str, Any]
) -> list[str]:
    """A line for each of the last run's terms that keep texts from people, and that a run with these options lacks.

    None for the guard that has stopped that run: the next one is meant to go on without it, or with another value.
    """
    terms = None if wanted is None else wanted.terms
    if wanted is None or terms is None:
        return []
    lacking = list(_caps_and_times(terms, client, times))
    for name, option in GUARDS.items():
        value, flag = getattr(terms.guards, name), f"--{option.replace('_', '-')}"
        if value not in (None, ()) and guards[option] in (None, ()) and wanted.guard != option:
            lacking.append((flag, " ".join(value) if isinstance(value, tuple) else f"{value:,}", flag))
    return [
        f"the last run kept to {name} ({said}), and this one has none: give {flag} again if it shall"
        for name, said, flag in lacking
    ]


def _caps_and_times(
    terms: CampaignTerms, client: ClientOptions, times: dict[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """The dropped ones among caps, hours, beginning and expiry: the name, the value in words, and the option."""
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
