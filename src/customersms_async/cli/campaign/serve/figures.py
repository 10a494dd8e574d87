"""The sections of a campaign's page as JSON: of values that its ledger gave. Pure but for the zone's rules.

Numbers are numbers, moments are words in the page's zone, and no field holds a key, a password or a text that was sent.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ...._core.plural import counted
from ....campaign.move_states import why_away
from ....campaign.rows import MOST_LISTED
from ....campaign.state_counts import by_state
from ....campaign.states import State
from ....campaign.wanted_states import WORDS
from ...formats import length
from ..doubles import doubles_line
from ..wanted_output import named_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ....campaign.move_states import LedgerMove
    from ....campaign.rows import Count, Doubt, Input, KnownDouble, Resolution, Timeline
    from ....campaign.wanted import WantedNow
    from ....models import Limit, LimitStatus
    from ...zones import ShownZone
    from .sweep import Figures

_FAILED: Final = (State.REJECTED, State.UNKNOWN, State.SKIPPED)
MOST_CODES: Final = 40
"""Codes, and calling codes, that are listed."""

_GONE_OUT: Final = (State.SENDING, State.ACCEPTED, State.REJECTED, State.UNKNOWN)

Section = dict[str, Any]


def states_section(given: Input | None, counts: Sequence[Count], zone: ShownZone) -> Section:
    """How many are in which state; and when they were added, if anybody was."""
    numbers = by_state(counts)
    return {
        "states": [[state.value, number] for state, number in numbers.items()],
        "recipients": sum(numbers.values()),
        "segments": sum(count.segments for count in counts if count.state in _GONE_OUT),
        "added": None if given is None else zone.moment(given.added_us),
        "rehearsal": given is not None and bool(given.rehearsal),
    }


def failures_section(counts: Sequence[Count]) -> Section:
    """Failures by code, the most frequent first; those that are not listed as a number of recipients."""
    failed = sorted((one for one in counts if one.state in _FAILED and one.code), key=lambda one: -one.recipients)
    rows = [[one.code, one.state.value, one.recipients] for one in failed[:MOST_CODES]]
    return {"rows": rows, "others": sum(one.recipients for one in failed[MOST_CODES:])}


def wanted_section(now: WantedNow | None, last_move: LedgerMove | None, zone: ShownZone) -> Section:
    """What is wanted, by whom, since when and on which terms; why it may only be read, if it has moved."""
    away = why_away(last_move)
    if now is None:
        return {"state": None, "away": away, "terms": []}
    return {
        "state": now.state.value,
        "event": now.event.value,
        "since": zone.moment(now.since_us),
        "by": now.by,
        "guard": now.guard,
        "why": now.why or WORDS[now.event],
        "away": away,
        "terms": [] if now.terms is None else [list(one) for one in named_terms(now.terms, zone.zone)],
    }


def requests_section(found: Timeline | None, limits: Sequence[Limit], zone: ShownZone, *, all_read: bool) -> Section:
    """Requests over time against one limit, of those that hold; ``all_read``: no earlier ones are to come."""
    said = [limit_words(limit) for limit in limits]
    if found is None:
        return {"bars": [], "limits": said, "all": all_read}
    limit, bars = found.limit, found.requests
    return {
        "bars": bars,
        "limit": limit.requests,
        "window": length(limit.seconds),
        "times": _starts(found.start_us, limit.window_us, len(bars), zone),
        "limits": said,
        "all": all_read,
    }


@lru_cache(maxsize=1)
def _starts(start_us: int, window_us: int, windows: int, zone: ShownZone) -> list[str]:
    """When each window begins, and the last one ends."""
    return [zone.moment(start_us + at * window_us) for at in range(windows + 1)]


def codes_section(found: Figures, share: float) -> Section:
    """Recipients by calling code, of the share of the input that was looked at."""
    states = (State.ACCEPTED, State.REJECTED, State.UNKNOWN)
    rows = [[code, numbers.total(), *(numbers[state] for state in states)] for code, numbers in found[:MOST_CODES]]
    return {"rows": rows, "others": len(found[MOST_CODES:]), "share": _percent(share)}


def doubts_section(found: Sequence[Doubt], counts: Sequence[Count], share: float, zone: ShownZone) -> Section:
    """Who is unknown, as far as they are listed, with what a person can judge it by; and how many there are."""
    rows = [
        [
            one.phone,
            f"{one.code}: {one.error}" if one.error else one.code,
            None if one.began_us is None else zone.moment(one.began_us),
            one.with_it or 0,
            one.credits_before,
            one.credits_after,
        ]
        for one in found
    ]
    total = sum(count.recipients for count in counts if count.state is State.UNKNOWN)
    return {"rows": rows, "total": total, "most": MOST_LISTED, "share": _percent(share)}


def doubles_section(found: Sequence[KnownDouble], zone: ShownZone) -> Section:
    """The known doubles, and what that means."""
    rows = [[one.phone, one.index + 1, zone.moment(one.ended_us)] for one in found]
    return {"rows": rows, "words": doubles_line(found) if found else ""}


def resolutions_section(found: Sequence[Resolution], zone: ShownZone) -> Section:
    """What people decided, the latest first."""
    return {"rows": [[zone.moment(one.at_us), one.by, one.becomes, one.recipients] for one in found]}


def quota_section(found: Sequence[LimitStatus], paused_seconds: float, place: str) -> Section:
    """How each limit of the key stands, over all who share the quota, and where that is kept."""
    rows = [
        [limit_words(one.limit), one.limit.requests, one.used, one.free, length(one.next_token_seconds)]
        for one in found
    ]
    return {"rows": rows, "paused": length(paused_seconds) if paused_seconds else None, "place": place}


def limit_words(limit: Limit) -> str:
    """A limit in words: ``100 requests in 1 min``."""
    return f"{counted(limit.requests, 'request')} in {length(limit.seconds)}"


def _percent(share: float) -> int:
    """A share as a whole number of percent: 100 only of all."""
    return int(share * 100)
