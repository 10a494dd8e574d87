"""A process as its campaigns' databases know it: one set of connections, and one sign of life for all that it runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import threading
from typing import TYPE_CHECKING, Final, final

from ..._postgres import server_url
from ..._postgres.errors import PostgresError
from ..._postgres.server import DEFAULT_TIMEOUT, PostgresServer
from ..._postgres.wire import bytea
from ..._runtime import forks, log
from ..._runtime.clock import now_us
from ..process_name import this_process
from ..refusals import refusal
from .shared_wanted_queries import SharedWantedQueries

if TYPE_CHECKING:
    from collections.abc import Callable

    from .database_place import DatabasePlace

Lease = tuple[bytes, bytes, bytes]
"""The campaign's number, and the lease's holder and epoch, as calls take them."""

LEAVE: Final = b"SELECT customersms.campaign_leave($1, $2, $3)"
_ALIVE: Final = b"SELECT customersms.campaign_host($1, $2, $3, $4)"

_SIGNS: Final = 3
"""Signs of life within one lease: two may be lost."""

_hosts: Final[dict[tuple[object, ...], Host]] = {}
_lock: Final = threading.RLock()
_guard: Final = forks.Guard(_lock)


@final
class Host:
    """A process in one database, for all its ledgers of the same URL, lease and fail-over; made by ``join``.

    ``id`` is drawn at random. As long as any of its ledgers runs a campaign, a thread tells the server that it is
    alive: a process that is stopped, or cut off, is not. A run whose event loop was closed under it can't go on: the
    thread gives its lease back. A forked child is another host.

    Mutable state: the ledgers that use it, those of them that run, with their leases and event loops; the leases that
    are to be given back; the thread; when the last sign of life was given that was heard, and how often the lease was
    over before the next was; and whether the server is away.
    """

    def __init__(self, key: tuple[object, ...], place: DatabasePlace, clock: Callable[[], int] | None) -> None:
        self.id = secrets.token_bytes(16)
        self.words = this_process().encode("utf-8", "replace")
        self.lease_us = round(place.lease * 1e6)
        self._server = PostgresServer(place.url, "a campaign", DEFAULT_TIMEOUT, place.failover)
        self._looks = SharedWantedQueries(self._server)
        self._process = os.getpid()
        self._key, self._clock = key, clock
        self._users: set[object] = set()
        self._running: dict[object, tuple[asyncio.AbstractEventLoop, Lease]] = {}
        self._abandoned: list[Lease] = []
        self._signs: _SignsOfLife | None = None
        self._heard_us = 0
        self.lapses = 0
        self._shown, self._is_away = server_url.shown(place.url), False

    @classmethod
    def join(cls, place: DatabasePlace, clock: Callable[[], int] | None, user: object) -> Host:
        """The host of this process for one more ledger."""
        key = (os.getpid(), place.url, place.lease, place.failover, clock)
        with _lock:
            host = _hosts.get(key)
            if host is None:
                host = _hosts[key] = cls(key, place, clock)
            host._users.add(user)
        return host

    async def leave(self, user: object) -> None:
        """Have one ledger fewer; with the last one the connections are closed."""
        self.rest(user)
        with _lock:
            self._users.discard(user)
            if self._users:
                return
            if _hosts.get(self._key) is self:
                del _hosts[self._key]
        await self._server.aclose()

    def give_up(self) -> None:
        """Ask nothing more of the database, for any ledger: its runs end with an error, whatever they wait for."""
        self._server.give_up()

    @property
    def server(self) -> PostgresServer:
        """The server to ask. Raises ``LedgerError`` in a forked child: it would pass, and leave, for its parent."""
        if os.getpid() != self._process:
            raise refusal(self._shown, "this process was forked when it was open: open it anew here")
        return self._server

    async def run_is_wanted(self, campaign: int) -> bool:
        """Whether a run of this campaign is wanted here, by one question for all that look at about the same time.

        Raises ``PostgresError``, and ``LedgerError`` in a forked child.
        """
        _ = self.server
        return await self._looks.run_is_wanted(campaign, alone=len(self._running) <= 1)

    def run(self, user: object, given_us: int, lease: Lease) -> None:
        """Give signs of life from now on, as ``user`` runs a campaign in this event loop, under this lease.

        One was heard that was given at ``given_us`` (``now_us``).
        """
        self.heard(given_us)
        with _lock:
            self._running[user] = (asyncio.get_running_loop(), lease)
            if self._signs is None:
                self._signs = _SignsOfLife(self)
                self._signs.start()

    def rest(self, user: object) -> None:
        """Give no signs of life for ``user``; with the last one who runs, none at all."""
        with _lock:
            self._running.pop(user, None)
            signs = None if self._running or self._abandoned else self._signs
            if signs is not None:
                self._signs = None
                signs.over.set()

    def note_away(self, error: PostgresError) -> None:
        """Log that the server is away, once for all ledgers until it is back."""
        if not self._is_away:
            self._is_away = True
            log.warning("the database %s is away, and nothing of it is sent until it is back: %s", self._shown, error)

    def note_back(self) -> None:
        """Log that the server has answered, if it was away."""
        if self._is_away:
            self._is_away = False
            log.info("the database %s is back", self._shown)

    @property
    def is_leased(self) -> bool:
        """Whether nobody can have taken over yet, by this machine's own clock."""
        return now_us() - self._heard_us < self.lease_us

    def heard(self, given_us: int) -> None:
        """Take note that a sign of life was heard, which was given at ``given_us`` (``now_us``).

        If the lease of the one before was over by now, others may have run this host's campaigns in between.
        """
        if not self.is_leased:
            self.lapses += 1
        self._heard_us = max(self._heard_us, given_us)

    def sign(self) -> None:
        """Say once that this host is alive; a sign that has no answer is given up in time for the next."""
        given_us = now_us()
        with contextlib.suppress(PostgresError):
            given = (bytea(self.id), self._now(), b"%d" % self.lease_us, bytea(self.words))
            self._server.ask_and_wait(_ALIVE, *given, seconds=min(DEFAULT_TIMEOUT, self.lease_us / 2e6))
            self.heard(given_us)

    def tend(self, signs: _SignsOfLife) -> bool:
        """Say that this host is alive if anybody runs, and give back what was left; false once there is neither."""
        with _lock:
            for user, (loop, lease) in list(self._running.items()):
                if loop.is_closed():
                    del self._running[user]
                    self._users.discard(user)
                    self._abandoned.append(lease)
            is_run = bool(self._running)
        if is_run:
            self.sign()
        while self._abandoned and self._is_given_back(self._abandoned[-1]):
            self._abandoned.pop()
        with _lock:
            if self._running or self._abandoned:
                return True
            if self._signs is signs:
                self._signs = None
            is_left = not self._users
            if is_left and _hosts.get(self._key) is self:
                del _hosts[self._key]
        if is_left:
            self._server.close()
        return False

    def _is_given_back(self, lease: Lease) -> bool:
        """Whether that was heard, or can't be; what was in flight is unknown once its time is over."""
        try:
            self._server.ask_and_wait(LEAVE, *lease)
        except PostgresError as error:
            return not error.temporary
        return True

    def _now(self) -> bytes | None:
        return None if self._clock is None else b"%d" % self._clock()


@final
class _SignsOfLife(threading.Thread):
    """Tells the server again and again that a host is alive, until it is over."""

    def __init__(self, host: Host) -> None:
        super().__init__(name="customersms-campaign-host", daemon=True)
        self._host = host
        self.over = threading.Event()

    def run(self) -> None:
        """Sign until it is over."""
        while not self.over.wait(self._host.lease_us / 1e6 / _SIGNS) and self._host.tend(self):
            pass
