"""The run of a campaign in a database: its lease, its intents before the first byte, and what became of them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ..._core.outcomes import ON_THE_LIST
from ..._postgres.wire import array, bytea
from ..._runtime import log
from ..._runtime.clock import now_us, wall_us
from ...errors import LedgerError
from ...models import Status
from ..id_ranges import ranges
from ..refusals import LedgerAwayError, RunElsewhereError, refusal
from ..rows import CRASHED, SuppressedMeanwhileError
from ..states import ANSWERS, State, after
from ..wanted import stop_of
from .calls import LOST_LEASE, NotPlannedError
from .host import LEAVE
from .questions import LedgerQuestions
from .recent_calls import KEPT_US, RecentCalls
from .values import decode_text, encode_names, encode_text, encode_text_or_null, encode_texts, only_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..._core.rulings import Ruling
    from ..._postgres.wire import Row
    from ...models import Outcome
    from ..rows import Intent
    from .database_place import DatabasePlace

_TIME: Final = b"SELECT coalesce($1::bigint, customersms.wall_us())"
_LEAD: Final = b"SELECT * FROM customersms.campaign_lead($1, $2, $3, $4, $5, $6, $7)"
_RECOVER: Final = (
    b"SELECT customersms.campaign_recover($1, $2, $3, $4) WHERE current_setting('transaction_read_only') = 'off'"
)
_BEGIN: Final = b"SELECT * FROM customersms.campaign_begin($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
_RECORD: Final = b"SELECT customersms.campaign_record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
_DOUBTED: Final = (
    b"SELECT customersms.doubted_since(customersms.wall_us()) IS NOT NULL AND NOT EXISTS (SELECT FROM"
    b" customersms.campaign_vouched WHERE campaign = $1 AND place = (SELECT max(place) FROM customersms.places))"
)
_VOUCH: Final = b"SELECT customersms.campaign_vouch($1)"
_SKIP: Final = b"SELECT customersms.campaign_skip($1, $2, $3, $4, $5)"

_RECORDED: Final = {status: after(State.SENDING, event) for status, event in ANSWERS.items()}
"""What an answer makes of a recipient that is being sent to."""


class LedgerAttempts(LedgerQuestions):
    """The calls that a run makes: its lease, its intents, and what became of them.

    Mutable state: whether a run over this object is, becomes or ceases to be the runner, and since when; what it has
    done lately; how often the lease had lapsed when it became the runner, if that was on a server which lacked nothing,
    from when on that server must have been heard for it to vouch, and when it last was; and how often it has vouched.
    """

    def __init__(self, place: DatabasePlace, clock: Callable[[], int] | None) -> None:
        super().__init__(place, clock)
        self._holder = secrets.token_bytes(16)
        self._leads = False
        self._since_us: bytes | None = None
        self._recent = RecentCalls()
        self._vouching = asyncio.Lock()
        self._vouched = 0
        self._runs_since: int | None = None
        self._vouches_from_us = self._begun_us = 0

    async def now_us(self) -> int:
        """The time by the database's clock, in microseconds since 1970."""
        ((at_us,),) = await self._ask(_TIME, self._now())
        return int(at_us or 0)

    async def become_runner(self) -> None:
        """Become the one runner, for as long as this process gives signs of life.

        The server lets a holder in again, so two runs over this object are told apart here.
        """
        if self._leads or self._epoch is not None:
            raise self._running(bytea(self._opened.words), self._since_us)
        self._leads, self._since_us = True, b"%d" % wall_us()
        try:
            await self._become_runner(moving=False)
            lapses, is_first = self._opened.lapses, self._epoch == 1
            ((doubted,),) = await self._call(_DOUBTED)  # after the lease: that may be of the server before
        except BaseException:
            if self._epoch is not None:
                with contextlib.suppress(LedgerError):
                    await self.leave_running(patient=False)
            self._leads = False
            raise
        self._runs_since = None if doubted == b"t" else lapses
        self._vouches_from_us = 0 if is_first else now_us() + KEPT_US

    async def _become_runner(self, *, moving: bool) -> None:
        host, given_us = self._opened, now_us()
        length, who, also = b"%d" % host.lease_us, bytea(host.words), b"t" if moving else b"f"
        rows = await self._call(_LEAD, self._now(), bytea(host.id), bytea(self._holder), length, who, also)
        epoch, holder, since_us = only_row(rows)
        if not int(epoch or 0):
            raise self._running(holder, since_us)
        self._epoch, self._since_us = int(epoch or 0), since_us
        host.run(self, given_us, (b"%d" % self._number, bytea(self._holder), b"%d" % self._epoch))
        await self.recover()

    def _running(self, holder: bytes | None, since_us: bytes | None) -> RunElsewhereError:
        running = f"a campaign is running on it: {_who(holder, since_us)}"
        return RunElsewhereError(f"{self.name}: {running}", path=self.name)

    async def leave_running(self, *, patient: bool | None = None) -> None:
        """End being the one runner, so that another can run at once, or when the lease is over if nobody hears this."""
        if self._epoch is None:
            return
        holder, epoch = self._lease_of_run()
        self._epoch = None
        self._opened.rest(self)
        try:
            await self._call(LEAVE, holder, epoch, patient=patient)
        finally:
            self._leads = False

    async def recover(self) -> float | None:
        """Make unknown whoever was being sent to by attempts whose deadline was over five seconds ago.

        Nobody, and ``None``, where nothing can be written, as on a standby: there the ledger can be looked at as it is.
        """
        for (left_us,) in await self._call(_RECOVER, self._now(), bytea(self._holder), encode_text(CRASHED)):
            return None if left_us is None else max(0.0, int(left_us) / 1e6)
        return None

    async def begin(self, intent: Intent) -> None:
        """Make it durable that a request is about to leave, unless something keeps it from that.

        Raises ``LedgerAwayError`` where nobody knows whether it is: then ``record`` must hear that nothing left.
        """
        intent.attempt_id = secrets.randbits(62)
        figure = None if intent.credits_before is None else str(intent.credits_before).encode()
        given = (
            *(b"%d" % intent.attempt_id, array(intent.ids), ranges(intent.ids).encode()),
            *(b"%d" % round(intent.timeout * 1e6), figure, encode_text(ON_THE_LIST)),
        )
        asked_us = now_us()
        try:
            rows = await self._begin_surely(given)
        except (LedgerAwayError, asyncio.CancelledError):  # it may come to be, and record hears of it
            raise
        except NotPlannedError as error:
            intent.attempt_id = None
            raise LedgerError(str(error), path=self.name) from None
        except BaseException:
            intent.attempt_id = None
            raise
        verdict = rows[0][0] or b""
        if verdict == b"begun":
            self._recent.note(_BEGIN, given)
            self._recent.forget_old()
            self._begun_us = max(self._begun_us, asked_us)
            return
        intent.attempt_id = None
        if verdict == b"done":
            raise SuppressedMeanwhileError([int(place or 0) for _, place in rows])
        if verdict == b"unwanted" and (stop := stop_of(await self.wanted())) is not None:
            raise stop
        raise refusal(self.name, _WHY.get(verdict, "it was changed while a request was about to leave"))

    async def _begin_surely(self, given: Sequence[bytes | None]) -> list[Row]:
        """The answer to a beginning, once more after this run has vouched for what another server may lack."""
        while True:
            vouched, epoch = self._vouched, self._epoch
            rows = await self._begin(given)
            verdict = rows[0][0]
            if verdict == b"doubted" and await self._vouch(vouched):
                continue
            if verdict == b"fenced" and epoch != self._epoch is not None:
                continue  # it has a lease of that server's by now
            return rows

    async def _begin(self, given: Sequence[bytes | None], *, trusting: bool = False) -> list[Row]:
        return await self._call(_BEGIN, *self._lease(trusting=trusting), *given, patient=False)

    def _lease_of_run(self) -> tuple[bytes | None, bytes | None]:
        """The holder and the epoch of this run, as the server reads them; nothing if this object is not the runner."""
        return (None, None) if self._epoch is None else (bytea(self._holder), b"%d" % self._epoch)

    def _lease(self, *, trusting: bool = False) -> Row:
        """The time, whether a fail-over is trusted, the holder and its epoch, as calls take them."""
        trusts = b"t" if trusting or self._opened.server.trusts else b"f"
        return self._now(), trusts, bytea(self._holder), b"%d" % (self._epoch or 0)

    async def _vouch(self, vouched: int) -> bool:
        """Do again what this run has done lately, on a server that took over; false if somebody else may have run it.

        So it is if this run began on that server, or after another run within the time that a standby may lag, or if
        its lease was over at any time since it began. What is there already is not done twice. ``vouched``: how often
        it had been done when that server was doubted.
        """
        async with self._vouching:
            if self._vouched != vouched:
                return True
            if self._epoch is None or not self._alone_so_far:
                return False
            await self._become_runner(moving=False)
            for done in self._recent:
                if done.command is _BEGIN:
                    ((verdict, _), *_) = await self._begin(done.given, trusting=True)
                    if verdict not in (b"begun", b"ended"):
                        return False  # more is missing than can be put in again, as that a run is wanted
                else:
                    await self._call(done.command, self._now(), *done.given)
            if not self._alone_so_far:
                return False
            await self._call(_VOUCH)
            self._vouched += 1
        log.warning("another server took over the database of %s; what it may lack was put in again", self.name)
        return True

    @property
    def _alone_so_far(self) -> bool:
        """Whether nobody else can have run the campaign since this run became its runner, on a server of before."""
        # What the run before it did may be lost as well; how long ago that was says nothing, as an outage takes time.
        is_long_enough = self._begun_us >= self._vouches_from_us
        return is_long_enough and self._opened.is_leased and self._runs_since == self._opened.lapses

    async def record(self, intent: Intent, ruling: Ruling) -> None:
        """Make durable what became of an attempt; tried for as long as it takes, as nobody else knows it."""
        if intent.attempt_id is None:
            return
        outcomes = ruling.outcomes
        worst = next((o.error for o in outcomes if o.status is not Status.ACCEPTED), None)
        given = (
            b"%d" % intent.attempt_id,
            ranges(intent.ids).encode(),
            array([o.index for o in outcomes]),
            encode_names([_RECORDED[o.status] for o in outcomes]),
            encode_texts("" if o.status is Status.UNSENT else o.code or "" for o in outcomes),
            encode_texts(None if o.status is Status.UNSENT else o.error for o in outcomes),
            encode_texts(o.message_id for o in outcomes),
            None if ruling.status_code is None else b"%d" % ruling.status_code,
            encode_text_or_null(worst),
            None if ruling.remaining_credits is None else str(ruling.remaining_credits).encode(),
        )
        await self._call(_RECORD, self._now(), *given, patient=True)
        self._recent.note(_RECORD, given)

    async def skip(self, outcomes: Sequence[Outcome]) -> None:
        """Skip, with the code and the words of these outcomes, those recipients of them who are planned."""
        codes, errors = encode_texts(o.code or "" for o in outcomes), encode_texts(o.error for o in outcomes)
        await self._call(_SKIP, self._now(), array([o.index for o in outcomes]), codes, errors)


_WHY: Final = {
    b"doubted": "another PostgreSQL server took over, which may lack intents that were acknowledged: nothing is sent"
    " until customersms ledger trust says that none are missing",
    b"fenced": LOST_LEASE,
    b"ended": "what became of a request was recorded before it began",
}
"""Why no request may leave, by the verdict."""


def _who(holder: bytes | None, since_us: bytes | None) -> str:
    since = datetime.fromtimestamp(int(since_us or 0) / 1e6).astimezone()
    return f"{decode_text(holder) or 'somebody'}, since {since:%Y-%m-%d %H:%M:%S}"
