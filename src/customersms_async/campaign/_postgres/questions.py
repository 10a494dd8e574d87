"""Questions to a campaign's ledger in a database, with answers of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._postgres.errors import PostgresError
from ..._postgres.wire import array
from .. import figures
from ..figures import TimeSpan
from ..rows import (
    MOST_LISTED,
    MOST_RESOLUTIONS,
    PAGE,
    Activity,
    Addition,
    Count,
    Doubt,
    Entry,
    Input,
    KnownDouble,
    PlacedText,
    PlannedRecipient,
    Resolution,
    RunningNow,
    SeenAttempt,
    kept_columns,
)
from ..states import State
from .calls import LedgerCalls
from .values import first, many_words, names, plain, said, typed, whole
from .wanted_rows import WANTED, read_wanted

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Sequence

    from ...models import Limit
    from ..rows import Timeline
    from ..wanted import WantedNow
    from .wanted_rows import WantedSeen

_OF: Final = b"r.id >= $1::bigint << 32 AND r.id < ($1::bigint + 1) << 32"
"""The recipients of a campaign."""

_AT: Final = b"r.id >= ($1::bigint << 32) + $2::bigint AND r.id < ($1::bigint << 32) + $3::bigint"
"""The recipients of a campaign from a place on to another."""

_BEYOND_ALL: Final = 2**32

_ADDED: Final = (
    b"SELECT c.hash, c.template, coalesce((SELECT sum(a.recipients) FROM customersms.campaign_additions a"
    b" WHERE a.campaign = $1), c.recipients), c.added_us, c.rehearsal FROM customersms.campaigns c"
    b" WHERE c.campaign = $1 AND c.hash IS NOT NULL"
)
_ADDITIONS: Final = (
    b"SELECT source, hash, added_us, added_by, recipients, first_place FROM customersms.campaign_additions"
    b" WHERE campaign = $1 ORDER BY number"
)
_COUNTS: Final = (
    b"SELECT state, code, recipients, segments FROM customersms.campaign_counts WHERE campaign = $1 AND recipients > 0"
)
_PLANNED: Final = b"SELECT * FROM customersms.campaign_planned_with_zones($1, $2, $3)"
_ENTRIES: Final = b"SELECT * FROM customersms.campaign_entries($1, $2, $3, $4)"
_TEXTS: Final = (
    b"SELECT r.id - ($1::bigint << 32), t.text, r.segments FROM unnest($2::bigint[]) p (place)"
    b" JOIN customersms.campaign_recipients r ON r.id = ($1::bigint << 32) + p.place"
    b" LEFT JOIN customersms.campaign_texts t ON t.campaign = $1 AND t.number = r.text ORDER BY r.id"
)
_REQUESTS: Final = (
    b"SELECT coalesce(sum((n + $2::bigint - 1) / $2::bigint), 0) FROM (SELECT count(*) AS n"
    b" FROM customersms.campaign_recipients r WHERE " + _OF + b" AND r.state = 'planned' GROUP BY r.text) t"
)
_OUTSIDE: Final = (
    b"SELECT count(*), min(r.id) - ($1::bigint << 32) FROM customersms.campaign_recipients r WHERE "
    + _OF
    + b" AND r.state = 'planned' AND NOT EXISTS (SELECT FROM unnest($2::bytea[]) p (prefix)"
    b" WHERE substring(r.phone FROM 1 FOR length(p.prefix)) = p.prefix)"
)
_FIRST_KEPT: Final = (
    b"SELECT r.kept FROM customersms.campaign_additions a CROSS JOIN LATERAL"
    b" (SELECT o.kept FROM customersms.campaign_origins o WHERE o.id >= ($1::bigint << 32) + a.first_place"
    b" AND o.id < ($1::bigint << 32) + a.first_place + a.recipients ORDER BY o.id LIMIT 1) r"
    b" WHERE a.campaign = $1 AND r.kept IS NOT NULL ORDER BY a.number"
)
_AMONG: Final = (
    b"SELECT count(DISTINCT r.phone) FROM customersms.campaign_recipients r WHERE " + _OF + b" AND r.phone = ANY ($2)"
)
_RUNNING: Final = (
    b"SELECT h.words, l.since_us FROM customersms.campaign_leases l JOIN customersms.campaign_hosts h USING (host)"
    b" WHERE l.campaign = $1 AND l.holder IS NOT NULL AND h.until_us > coalesce($2::bigint, customersms.wall_us())"
)
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
_VERSION: Final = (
    b"""
SELECT concat_ws(' ',
  (SELECT string_agg(c.xmin::text, '.' ORDER BY c.state, c.code) FROM customersms.campaign_counts c
    WHERE c.campaign = $1),
  (SELECT max(w.number) FROM customersms.campaign_wanted w WHERE w.campaign = $1),
  (SELECT max(d.number) FROM customersms.campaign_resolutions d WHERE d.campaign = $1),
  (SELECT max(m.number) FROM customersms.campaign_moves m WHERE m.campaign = $1),
  (SELECT count(*) FROM customersms.campaign_doubles r WHERE """
    + _OF
    + b"))"
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
    b" JOIN customersms.campaign_recipients r USING (id) WHERE " + _OF + b" ORDER BY d.id, d.ended_us LIMIT $2"
)


class LedgerQuestions(LedgerCalls):
    """The questions of a ledger."""

    @property
    def number(self) -> int:
        """The campaign's number in its database."""
        return self._number

    async def added(self) -> Input | None:
        """The input that was added, or ``None``."""
        rows = [
            (plain(digest), said(template), whole(recipients), whole(added_us), int(rehearsal == b"t"))
            for digest, template, recipients, added_us, rehearsal in await self._call(_ADDED)
        ]
        found = typed(rows, Input, self.name)
        return found[0] if found else None

    async def additions(self) -> list[Addition]:
        """All additions, the first input as the first."""
        rows = [
            (said(source), plain(digest), whole(added_us), said(by), whole(recipients), whole(place))
            for source, digest, added_us, by, recipients, place in await self._call(_ADDITIONS)
        ]
        return typed(rows, Addition, self.name)

    async def counts(self) -> list[Count]:
        """How many recipients there are by state and code."""
        rows = [
            (plain(state), said(code), whole(recipients), whole(segments))
            for state, code, recipients, segments in await self._call(_COUNTS)
        ]
        order = list(State)
        return sorted(typed(rows, Count, self.name), key=lambda count: (order.index(count.state), count.code))

    async def planned(self, start: int) -> list[PlannedRecipient]:
        """The next recipients to be sent to."""
        rows = await self._call(_PLANNED, b"%d" % start, b"%d" % PAGE)
        texts = _Texts()
        found = [
            (whole(place), said(phone), texts.said(text), whole(segments), said(zone))
            for place, phone, text, segments, zone in rows
        ]
        return typed(found, PlannedRecipient, self.name)

    async def requests(self, batch_size: int) -> int:
        """How many requests what is planned comes to, at best."""
        ((count,),) = await self._call(_REQUESTS, b"%d" % batch_size)
        return int(count or 0)

    async def outside(self, prefixes: Collection[str]) -> tuple[int, int | None]:
        """How many planned numbers begin with none of ``prefixes``, and the first one's place."""
        ((count, place),) = await self._call(_OUTSIDE, many_words(prefixes))
        return int(count or 0), whole(place)

    async def kept_names(self) -> tuple[str, ...]:
        """The columns of files whose texts are kept beside each recipient."""
        return kept_columns((said(kept) or "" for (kept,) in await self._call(_FIRST_KEPT)), self.name)

    async def among(self, phones: Collection[str]) -> int:
        """How many of these numbers recipients have."""
        ((count,),) = await self._call(_AMONG, many_words(phones))
        return int(count or 0)

    async def entries(self, start: int, states: Collection[State]) -> list[Entry]:
        """The next recipients in any of ``states``."""
        rows = await self._call(_ENTRIES, b"%d" % start, names(list(states)), b"%d" % PAGE)
        fields = Entry.__struct_fields__
        found = [
            dict(
                zip(
                    fields,
                    (
                        *(whole(place), said(phone), plain(state), said(code) or None, said(error), said(message_id)),
                        *(whole(attempts), whole(updated_us), whole(line), said(kept)),
                    ),
                    strict=True,
                )
            )
            for place, phone, state, code, error, message_id, attempts, updated_us, line, kept in rows
        ]
        return typed(found, Entry, self.name)

    async def texts(self, places: Sequence[int]) -> list[PlacedText]:
        """The texts of the recipients at these places."""
        known = _Texts()
        rows = [
            (whole(place), known.said(text), whole(segments))
            for place, text, segments in await self._call(_TEXTS, array(places))
        ]
        return typed(rows, PlacedText, self.name)

    async def running(self) -> RunningNow | None:
        """Who runs it, as far as its host was heard of in time."""
        rows = [(said(by), whole(since_us)) for by, since_us in await self._call(_RUNNING, self._now())]
        return next(iter(typed(rows, RunningNow, self.name)), None)

    async def activity(self, since_us: int) -> Activity:
        """What was attempted lately."""
        requests, recipients, first_us, last_us, status, error = first(await self._call(_ACTIVITY, b"%d" % since_us))
        row = (whole(requests), whole(recipients), whole(first_us), whole(last_us), whole(status), said(error))
        return typed([row], Activity, self.name)[0]

    async def timeline(self, limits: Sequence[Limit]) -> Timeline | None:
        """Requests by time."""
        ((start, end),) = await self._call(_SPAN)
        if start is None or end is None:
            return None
        span = TimeSpan.of(int(start), int(end), limits)
        rows = await self._call(_BARS, b"%d" % span.start_us, b"%d" % span.limit.window_us)
        return span.timeline((int(bar or 0), int(count or 0)) for bar, count in rows)

    async def version(self) -> str:
        """A word that is another one after each change: each one of a recipient writes one of the counts anew."""
        ((word,),) = await self._call(_VERSION)
        return (word or b"").decode()

    async def attempts(self, after: SeenAttempt | None, most: int) -> list[SeenAttempt]:
        """The attempts that follow one."""
        began_us, number = (0, 0) if after is None else (after.began_us, after.number)
        rows = [
            (whole(attempt), whole(began), plain(ids), None if left is None else left == b"t")
            for attempt, began, ids, left in await self._call(_ATTEMPTS, b"%d" % began_us, b"%d" % number, b"%d" % most)
        ]
        return typed(rows, SeenAttempt, self.name)

    async def by_calling_code(self, places: range | None = None) -> list[tuple[str, Counter[State]]]:
        """The recipients by calling code."""
        found = await self._call(_STARTS, *_bounds(places))
        rows = [(said(start), plain(state), whole(count)) for start, state, count in found]
        return figures.by_calling_code(typed(rows, tuple[str, State, int], self.name))

    async def doubts(self, places: range | None = None) -> list[Doubt]:
        """The first unknown recipients, each with its last attempt."""
        rows = [
            (
                *(said(phone), said(code), said(error), whole(attempts), whole(began_us)),
                *(plain(before), plain(later), whole(with_it)),
            )
            for phone, code, error, attempts, began_us, before, later, with_it in await self._call(
                _DOUBTS, *_bounds(places), b"%d" % MOST_LISTED
            )
        ]
        return typed(rows, Doubt, self.name)

    async def resolutions(self) -> list[Resolution]:
        """People's decisions, the latest first."""
        rows = [
            (whole(at_us), said(by), plain(becomes), whole(recipients))
            for at_us, by, becomes, recipients in await self._call(_RESOLUTIONS, b"%d" % MOST_RESOLUTIONS)
        ]
        return typed(rows, Resolution, self.name)

    async def doubles(self) -> list[KnownDouble]:
        """Recipients who got a text twice, as a late answer has shown."""
        rows = [
            (whole(place), said(phone), whole(ended_us))
            for place, phone, ended_us in await self._call(_DOUBLES, b"%d" % MOST_LISTED)
        ]
        return typed(rows, KnownDouble, self.name)

    async def wanted(self) -> WantedNow | None:
        """What is wanted of the campaign now; ``None`` if nobody was added yet."""
        return (await self._wanted()).now

    async def run_is_wanted(self) -> bool:
        """Whether a run is wanted; one question answers all runs of this process that ask at about the same time.

        False also where the server is away: ``wanted`` waits for it.
        """
        try:
            return await self._opened.run_is_wanted(self._number)
        except PostgresError:
            return False

    async def _wanted(self) -> WantedSeen:
        return read_wanted(first(await self._call(WANTED)), self.name)


def _bounds(places: range | None) -> tuple[bytes, bytes]:
    first, end = (0, _BEYOND_ALL) if places is None else (places.start, places.stop)
    return b"%d" % first, b"%d" % end


class _Texts:
    """Decodes the texts of a page: each once, as most of them are the same."""

    def __init__(self) -> None:
        self._known: dict[bytes | None, str | None] = {}

    def said(self, value: bytes | None) -> str | None:
        if value not in self._known:
            self._known[value] = said(value)
        return self._known[value]
