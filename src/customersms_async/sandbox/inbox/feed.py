"""The JSON of the inbox: what a sandbox holds, how its switches stand, and which faults there are.

Pure. No field is a key, and none is made of one but ``key_id``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..arrivals import count_segments
from ..faults import EFFECTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..arrivals import Arrival
    from ..state import GatewayState
    from ..switches import Switches

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class TextQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which texts are asked for: those after a number, with these digits in their phone, so many at most."""

    after: int = 0
    limit: int | None = None
    phone: str = ""

    def __post_init__(self) -> None:
        if self.after < 0 or (self.limit is not None and self.limit < 1):
            raise ValueError("after is 0 or more, limit is 1 or more")


class InboxCounts(msgspec.Struct, frozen=True):
    """What has come so far; ``next`` is the ``after`` that asks for what comes next."""

    began: str
    total: int
    accepted: int
    refused: int
    segments: int
    requests: int
    requests_refused_by_limits: int
    credits: Decimal


def counts(state: GatewayState, began_us: int) -> InboxCounts:
    """The counts of a sandbox that began (anew) at ``began_us``."""
    total, accepted = state.arrivals.total, len(state.texts)
    return InboxCounts(
        began=_moment(began_us),
        total=total,
        accepted=accepted,
        refused=total - accepted,
        segments=state.segments,
        requests=state.requests,
        requests_refused_by_limits=state.refused,
        credits=sum(state.credits.values(), Decimal(0)),
    )


def texts(query: TextQuery, found: list[Arrival], told: InboxCounts) -> bytes:
    """The answer of ``/texts``, oldest first: ``found`` is what has come after what was asked for."""
    asked = "".join(one for one in query.phone if one.isdecimal()) or query.phone
    wanted = [arrival for arrival in found if asked in arrival.phone]
    shown = wanted if query.limit is None else wanted[: query.limit]
    following = told.total if len(shown) == len(wanted) else shown[-1].number
    return _ENCODER.encode({"texts": [_text(one) for one in shown], "next": following, **msgspec.structs.asdict(told)})


def _text(arrival: Arrival) -> dict[str, Any]:
    counted = count_segments(arrival.message)
    return {
        "number": arrival.number,
        "at": _moment(arrival.at_us),
        "phone": arrival.phone,
        "message": arrival.message,
        "segments": counted.segments,
        "encoding": counted.encoding,
        "outcome": "accepted" if arrival.accepted else "refused",
        "code": arrival.code,
        "message_id": arrival.message_id,
        "status": arrival.status,
        "fault": arrival.fault,
        "key_id": arrival.key_id,
    }


def switches(at: Switches) -> dict[str, Any]:
    """How the switches stand, in the form in which they can be set."""
    planned = at.planned
    takes_seconds = planned is not None and planned.effect.seconds is not None
    return {
        "fault": planned
        and {
            "name": planned.fault.name,
            "seconds": planned.seconds if takes_seconds else None,
            "requests": at.left,
        },
        "limits": [{"requests": one.requests, "seconds": one.seconds} for one in at.limits],
    }


def faults() -> Iterable[dict[str, Any]]:
    """Every fault that can be switched on, and what it does."""
    for fault, effect in EFFECTS.items():
        yield {
            "name": fault.name,
            "spoils": effect.spoils.value,
            "says": effect.says,
            "sent": effect.sent,
            "seconds": effect.seconds,
        }


def _moment(at_us: int) -> str:
    """A time since 1970 as RFC 3339 has it, in UTC and milliseconds."""
    return datetime.fromtimestamp(at_us // 1_000 / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
