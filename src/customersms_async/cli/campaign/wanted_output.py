"""The output of what is wanted of a campaign, and on which terms: lines for people, JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from ...campaign.wanted_states import WORDS
from ..formats import length, plain, utc_time, wall_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from ..._core.schedule import SendSchedule
    from ...campaign.terms import CampaignTerms
    from ...campaign.wanted import WantedNow
    from ...models import Limit


def wanted_object(now: WantedNow | None) -> dict[str, Any] | None:
    """What is wanted, for programs; ``None`` if nobody was added."""
    if now is None:
        return None
    return {
        "state": now.state.value,
        "since": utc_time(now.since_us / 1e6),
        "by": now.by,
        "event": now.event.value,
        "guard": now.guard or None,
        "why": now.why or None,
        "terms": None if now.terms is None else now.terms.as_object(),
    }


def wanted_lines(now: WantedNow | None) -> list[str]:
    """What is wanted, and the terms, for people: each line can be shown as it is."""
    if now is None:
        return []
    since = _local(now.since_us / 1e6, None)
    guard = f" (guard {now.guard})" if now.guard else ""
    by = f", by {now.by}" if now.by else ""
    found = [f"wanted: {now.state}{guard}, since {since}{by}: {now.why or WORDS[now.event]}"]
    if now.terms is not None:
        found += [f"  {name}: {said}" for name, said in named_terms(now.terms)]
    return [plain(line) for line in found]


def named_terms(terms: CampaignTerms, zone: tzinfo | None = None) -> Iterator[tuple[str, str]]:
    """Each of the terms with its name, in words; one that has no words here is as programs see it.

    Times are those of ``zone``, or of this machine.
    """
    label = "" if terms.key_label is None else f"{terms.key_label}, "
    yield "key", f"{label}fingerprint {terms.key_id}"
    yield "URL", terms.url
    yield "limits", _limits(terms.limits)
    yield "pace", "none" if terms.pace is None else _limit(terms.pace)
    guards = {name: getattr(terms.guards, name) for name in terms.guards.__struct_fields__}
    until = guards.pop("until_unix")
    if until is not None:
        guards["until"] = _local(until, zone)
    guards["allow_prefixes"] = " ".join(terms.guards.allow_prefixes) or None
    yield "guards", _named(guards)
    if terms.schedule is not None:
        yield from _schedule(terms.schedule, zone)
    if terms.caps is not None:
        prefixes = {prefix: _limits(limits) for prefix, limits in terms.caps.per_prefix.items()}
        kinds = {"per_number": _limits(terms.caps.per_number), **prefixes, "total": _limits(terms.caps.total)}
        yield "caps", f"{terms.caps.name}: {_named(kinds)}"
    yield "suppression", "none" if terms.suppression is None else terms.suppression
    for name, value in terms.as_object().items():
        if name not in _IN_WORDS and value is not None:
            yield name, value if isinstance(value, str) else msgspec.json.encode(value).decode()


_IN_WORDS: Final = frozenset(
    {"key_id", "key_label", "url", "limits", "pace", "guards", "caps", "suppression", "schedule"}
)


def _schedule(schedule: SendSchedule, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    hours = schedule.hours
    if hours is not None:
        dates = f", not on {', '.join(map(str, hours.not_on))}" if hours.not_on else ""
        other = "" if hours.zone is None else f", where no time zone is known by that of {hours.zone}"
        yield "hours", f"{hours.between} {hours.days}{dates}{other}"
    if schedule.at_us is not None:
        yield "begins", _local(schedule.at_us / 1e6, zone)
    if schedule.expires_us is not None:
        yield "expires", _local(schedule.expires_us / 1e6, zone)
    if schedule.expires_after_us is not None:
        since = "it was added" if schedule.at_us is None else "it begins"
        yield "expires", f"{length(schedule.expires_after_us / 1e6)} after {since}"
    yield "margin", length(schedule.margin_us / 1e6)


def _local(unix: float, zone: tzinfo | None) -> str:
    """A time as the clock on the wall shows it; beyond all calendars, as anybody may have written it, the number."""
    return wall_time(unix, zone) or f"{unix:g}"


def _named(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if value not in (None, "")) or "none"


def _limits(limits: tuple[Limit, ...]) -> str:
    return ", ".join(map(_limit, limits))


def _limit(limit: Limit) -> str:
    return f"{limit.requests:,}/{limit.seconds:g}"
