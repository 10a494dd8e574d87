"""Figures of a campaign in a database that a report shows beside its counts, with answers of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import figures
from ..figures import TimeSpan
from ..rows import MOST_LISTED, MOST_RESOLUTIONS, Activity, Doubt, KnownDouble, Resolution, SeenAttempt
from ..states import State
from .calls import OF_CAMPAIGN, LedgerCalls
from .values import decode_name, decode_number, decode_text, only_row, typed

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from ...models import Limit
    from ..rows import Timeline

_AT: Final = b"r.id >= ($1::bigint << 32) + $2::bigint AND r.id < ($1::bigint << 32) + $3::bigint"
"""The recipients of a campaign from a place on to another."""

_BEYOND_ALL: Final = 2**32

_ACTIVITY: Final = (
    b"SELECT count(a.attempt), coalesce(sum(a.recipients), 0), min(a.began_us), max(a.began_us), max(l.status_code),"
    b" (array_agg(l.error))[1] FROM (SELECT) one"
    b" LEFT JOIN customersms.campaign_attempts a ON a.campaign = $1 AND a.began_us >= $2::bigint"
    b" LEFT JOIN LATERAL (SELECT w.status_code, w.error FROM customersms.campaign_attempts o"
    b" JOIN customersms.campaign_answers w USING (attempt) WHERE o.campaign = $1 ORDER BY o.began_us DESC LIMIT 1) l"
    b" ON true"
)
_LEFT: Final = (
    b" FROM customersms.campaign_attempts a LEFT JOIN customersms.campaign_answers w USING (attempt)"
    b" WHERE a.campaign = $1 AND (w.status_code IS NOT NULL OR w.unsent IS NULL OR w.unsent < a.recipients)"
)
_SPAN: Final = b"SELECT min(a.began_us), max(a.began_us)" + _LEFT
_BARS: Final = b"SELECT (a.began_us - $2::bigint) / $3::bigint, count(*)" + _LEFT + b" GROUP BY 1"
_ATTEMPTS: Final = (
    b"SELECT a.attempt, a.began_us, a.ids, CASE WHEN w.attempt IS NOT NULL"
    b" THEN w.status_code IS NOT NULL OR w.unsent < a.recipients END"
    b" FROM customersms.campaign_attempts a LEFT JOIN customersms.campaign_answers w USING (attempt)"
    b" WHERE a.campaign = $1 AND a.began_us >= $2 AND (a.began_us, a.attempt) > ($2, $3)"
    b" ORDER BY a.began_us, a.attempt LIMIT $4"
)
_STARTS: Final = (
    b"SELECT substring(r.phone FROM 1 FOR 4), r.state, count(*) FROM customersms.campaign_recipients r WHERE "
    + _AT
    + b" AND r.state <> 'skipped' GROUP BY 1, 2"
)
_DOUBTS: Final = (
    b"SELECT r.phone, r.code, r.error, r.attempts, a.began_us, a.credits_before, w.credits_after, a.recipients"
    b" FROM customersms.campaign_recipients r LEFT JOIN customersms.campaign_attempts a ON a.attempt = r.attempt"
    b" LEFT JOIN customersms.campaign_answers w ON w.attempt = a.attempt"
    b" WHERE " + _AT + b" AND r.state = 'unknown' ORDER BY r.id LIMIT $4"
)
_RESOLUTIONS: Final = (
    b"SELECT at_us, decided_by, becomes, recipients FROM customersms.campaign_resolutions WHERE campaign = $1"
    b" ORDER BY number DESC LIMIT $2"
)
_DOUBLES: Final = (
    b"SELECT d.id - ($1::bigint << 32), r.phone, d.ended_us FROM customersms.campaign_doubles d"
    b" JOIN customersms.campaign_recipients r USING (id) WHERE " + OF_CAMPAIGN + b" ORDER BY d.id, d.ended_us LIMIT $2"
)


class LedgerSummary(LedgerCalls):
    """The figures of a ledger: what was attempted when, by calling code, and what a person should look at."""

    async def activity(self, since_us: int) -> Activity:
        """What was attempted lately."""
        requests, recipients, first_us, last_us, status, error = only_row(await self._call(_ACTIVITY, b"%d" % since_us))
        row = (
            decode_number(requests),
            decode_number(recipients),
            decode_number(first_us),
            decode_number(last_us),
            decode_number(status),
            decode_text(error),
        )
        return typed([row], Activity, self.name)[0]

    async def timeline(self, limits: Sequence[Limit]) -> Timeline | None:
        """Requests by time."""
        ((start, end),) = await self._call(_SPAN)
        if start is None or end is None:
            return None
        span = TimeSpan.of(int(start), int(end), limits)
        rows = await self._call(_BARS, b"%d" % span.start_us, b"%d" % span.limit.window_us)
        return span.timeline((int(bar or 0), int(count or 0)) for bar, count in rows)

    async def attempts(self, after: SeenAttempt | None, most: int) -> list[SeenAttempt]:
        """The attempts that follow one."""
        began_us, number = (0, 0) if after is None else (after.began_us, after.number)
        rows = [
            (decode_number(attempt), decode_number(began), decode_name(ids), None if left is None else left == b"t")
            for attempt, began, ids, left in await self._call(_ATTEMPTS, b"%d" % began_us, b"%d" % number, b"%d" % most)
        ]
        return typed(rows, SeenAttempt, self.name)

    async def by_calling_code(self, places: range | None = None) -> list[tuple[str, Counter[State]]]:
        """The recipients by calling code."""
        found = await self._call(_STARTS, *_bounds(places))
        rows = [(decode_text(start), decode_name(state), decode_number(count)) for start, state, count in found]
        return figures.by_calling_code(typed(rows, tuple[str, State, int], self.name))

    async def doubts(self, places: range | None = None) -> list[Doubt]:
        """The first unknown recipients, each with its last attempt."""
        rows = [
            (
                *(
                    decode_text(phone),
                    decode_text(code),
                    decode_text(error),
                    decode_number(attempts),
                    decode_number(began_us),
                ),
                *(decode_name(before), decode_name(later), decode_number(with_it)),
            )
            for phone, code, error, attempts, began_us, before, later, with_it in await self._call(
                _DOUBTS, *_bounds(places), b"%d" % MOST_LISTED
            )
        ]
        return typed(rows, Doubt, self.name)

    async def resolutions(self) -> list[Resolution]:
        """People's decisions, the latest first."""
        rows = [
            (decode_number(at_us), decode_text(by), decode_name(becomes), decode_number(recipients))
            for at_us, by, becomes, recipients in await self._call(_RESOLUTIONS, b"%d" % MOST_RESOLUTIONS)
        ]
        return typed(rows, Resolution, self.name)

    async def doubles(self) -> list[KnownDouble]:
        """Recipients who got a text twice, as a late answer has shown."""
        rows = [
            (decode_number(place), decode_text(phone), decode_number(ended_us))
            for place, phone, ended_us in await self._call(_DOUBLES, b"%d" % MOST_LISTED)
        ]
        return typed(rows, KnownDouble, self.name)


def _bounds(places: range | None) -> tuple[bytes, bytes]:
    first, end = (0, _BEYOND_ALL) if places is None else (places.start, places.stop)
    return b"%d" % first, b"%d" % end
