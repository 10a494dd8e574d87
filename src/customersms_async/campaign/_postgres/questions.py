"""Questions to a campaign's ledger in a database, with answers of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._postgres.errors import PostgresError
from ..._postgres.wire import array
from ..rows import (
    PAGE,
    Addition,
    Count,
    Entry,
    Input,
    PlacedText,
    PlannedRecipient,
    RunningNow,
    kept_columns,
)
from ..states import State
from .calls import OF_CAMPAIGN
from .summary import LedgerSummary
from .values import decode_name, decode_number, decode_text, encode_names, encode_texts, only_row, typed
from .wanted_rows import WANTED, read_wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..wanted import WantedNow
    from .wanted_rows import WantedSeen


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
    b" FROM customersms.campaign_recipients r WHERE " + OF_CAMPAIGN + b" AND r.state = 'planned' GROUP BY r.text) t"
)
_OUTSIDE: Final = (
    b"SELECT count(*), min(r.id) - ($1::bigint << 32) FROM customersms.campaign_recipients r WHERE "
    + OF_CAMPAIGN
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
    b"SELECT count(DISTINCT r.phone) FROM customersms.campaign_recipients r WHERE "
    + OF_CAMPAIGN
    + b" AND r.phone = ANY ($2)"
)
_RUNNING: Final = (
    b"SELECT h.words, l.since_us FROM customersms.campaign_leases l JOIN customersms.campaign_hosts h USING (host)"
    b" WHERE l.campaign = $1 AND l.holder IS NOT NULL AND h.until_us > coalesce($2::bigint, customersms.wall_us())"
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
    + OF_CAMPAIGN
    + b"))"
)


class LedgerQuestions(LedgerSummary):
    """The questions of a ledger about its recipients, its run and what is wanted, beside the figures of its summary."""

    @property
    def number(self) -> int:
        """The campaign's number in its database."""
        return self._number

    async def added(self) -> Input | None:
        """The input that was added, or ``None``."""
        rows = [
            (
                decode_name(digest),
                decode_text(template),
                decode_number(recipients),
                decode_number(added_us),
                int(rehearsal == b"t"),
            )
            for digest, template, recipients, added_us, rehearsal in await self._call(_ADDED)
        ]
        found = typed(rows, Input, self.name)
        return found[0] if found else None

    async def additions(self) -> list[Addition]:
        """All additions, the first input as the first."""
        rows = [
            (
                decode_text(source),
                decode_name(digest),
                decode_number(added_us),
                decode_text(by),
                decode_number(recipients),
                decode_number(place),
            )
            for source, digest, added_us, by, recipients, place in await self._call(_ADDITIONS)
        ]
        return typed(rows, Addition, self.name)

    async def counts(self) -> list[Count]:
        """How many recipients there are by state and code."""
        rows = [
            (decode_name(state), decode_text(code), decode_number(recipients), decode_number(segments))
            for state, code, recipients, segments in await self._call(_COUNTS)
        ]
        order = list(State)
        return sorted(typed(rows, Count, self.name), key=lambda count: (order.index(count.state), count.code))

    async def planned(self, start: int) -> list[PlannedRecipient]:
        """The next recipients to be sent to."""
        rows = await self._call(_PLANNED, b"%d" % start, b"%d" % PAGE)
        texts = _Texts()
        found = [
            (decode_number(place), decode_text(phone), texts.decode(text), decode_number(segments), decode_text(zone))
            for place, phone, text, segments, zone in rows
        ]
        return typed(found, PlannedRecipient, self.name)

    async def requests(self, batch_size: int) -> int:
        """How many requests what is planned comes to, at best."""
        ((count,),) = await self._call(_REQUESTS, b"%d" % batch_size)
        return int(count or 0)

    async def outside(self, prefixes: Collection[str]) -> tuple[int, int | None]:
        """How many planned numbers begin with none of ``prefixes``, and the first one's place."""
        ((count, place),) = await self._call(_OUTSIDE, encode_texts(prefixes))
        return int(count or 0), decode_number(place)

    async def kept_names(self) -> tuple[str, ...]:
        """The columns of files whose texts are kept beside each recipient."""
        return kept_columns((decode_text(kept) or "" for (kept,) in await self._call(_FIRST_KEPT)), self.name)

    async def among(self, phones: Collection[str]) -> int:
        """How many of these numbers recipients have."""
        ((count,),) = await self._call(_AMONG, encode_texts(phones))
        return int(count or 0)

    async def entries(self, start: int, states: Collection[State]) -> list[Entry]:
        """The next recipients in any of ``states``."""
        rows = await self._call(_ENTRIES, b"%d" % start, encode_names(list(states)), b"%d" % PAGE)
        fields = Entry.__struct_fields__
        found = [
            dict(
                zip(
                    fields,
                    (
                        *(
                            decode_number(place),
                            decode_text(phone),
                            decode_name(state),
                            decode_text(code) or None,
                            decode_text(error),
                            decode_text(message_id),
                        ),
                        *(decode_number(attempts), decode_number(updated_us), decode_number(line), decode_text(kept)),
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
            (decode_number(place), known.decode(text), decode_number(segments))
            for place, text, segments in await self._call(_TEXTS, array(places))
        ]
        return typed(rows, PlacedText, self.name)

    async def running(self) -> RunningNow | None:
        """Who runs it, as far as its host was heard of in time."""
        rows = [(decode_text(by), decode_number(since_us)) for by, since_us in await self._call(_RUNNING, self._now())]
        return next(iter(typed(rows, RunningNow, self.name)), None)

    async def version(self) -> str:
        """A word that is another one after each change: each one of a recipient writes one of the counts anew."""
        ((word,),) = await self._call(_VERSION)
        return (word or b"").decode()

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
        return read_wanted(only_row(await self._call(WANTED)), self.name)


class _Texts:
    """Decodes the texts of a page: each once, as most of them are the same."""

    def __init__(self) -> None:
        self._known: dict[bytes | None, str | None] = {}

    def decode(self, value: bytes | None) -> str | None:
        if value not in self._known:
            self._known[value] = decode_text(value)
        return self._known[value]
