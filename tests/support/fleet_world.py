"""The world of the model of a fleet: one recipient, two hosts, a database, and calls that come late, twice or never."""

from __future__ import annotations

from typing import NamedTuple

from customersms_async.campaign.states import State
from customersms_async.campaign.wanted_states import NOT_AFTER_A_PERSON, Wanted, WantedEvent
from customersms_async.campaign.wanted_states import TRANSITIONS as WANTED_TRANSITIONS

NOBODY, DEAD = -1, 2
"""Who has no host's number: no holder of a lease, and the first process that has died (the next one is one more)."""

NONE = -1
"""No attempt."""

PAST, GONE, LONG_GONE = 1, 2, 3
"""What is over of an attempt's time, after 0: its deadline; five seconds more; ten minutes more.

A process that stands still for longer than ten minutes, between its look at the deadline and the first byte, is beyond
what anybody can keep it from: see "What is not covered" in docs/decisions/leases-and-intents.md.
"""

ENDED = frozenset({State.ACCEPTED, State.REJECTED, State.UNKNOWN, State.SKIPPED})


class Host(NamedTuple):
    """One process: ``at`` is off, ready, intent, looked, flying or answered (with ``outcome``).

    Off it runs no campaign; looked: at its deadline, right before the first byte. ``attempt`` is its request's. ``did``
    is what it knows of its run: the attempts that were acknowledged as begun, each with what was acknowledged of its
    outcome. ``lapsed``: its lease was over since it became the runner, by its clock.
    ``soon``: another run ended less than five minutes before it became the runner.
    """

    at: str = "off"
    attempt: int = NONE
    outcome: str = ""
    did: tuple[tuple[int, str], ...] = ()
    lapsed: bool = False
    soon: bool = False


class Call(NamedTuple):
    """A call on its way, which may come at any time or never: begin (``host`` makes it), record, resolve or resume.

    ``copy``: it was made before, and its reply was lost.
    """

    name: str
    host: int = NOBODY
    attempt: int = NONE
    outcome: str = ""
    copy: bool = False


class Ledger(NamedTuple):
    """What the database holds.

    ``last`` is the recipient's last attempt; ``holder`` who has the lease, and ``over`` whether the lease's time is;
    ``ran``: somebody had it before. ``wanted`` with whether a guard or an interruption stopped it; ``doubted``: the
    server took over from another one, and nobody has vouched for it.
    """

    state: State = State.PLANNED
    interrupted: bool = False
    last: int = NONE
    began: frozenset[int] = frozenset()
    flying: frozenset[int] = frozenset()
    ended: frozenset[int] = frozenset()
    holder: int = NOBODY
    over: bool = False
    ran: bool = False
    wanted: tuple[Wanted, bool] = (Wanted.RUN, False)
    doubted: bool = False


class World(NamedTuple):
    """All there is.

    ``open`` is the attempt whose request has left, and of whose text nobody has proven or said that it did not come;
    ``times`` what is over of each attempt's time. ``doubt``: somebody died, or stood still until its request's time was
    over, or had no answer, so that a recipient may be unknown. ``proven``: an answer was recorded that says accepted.
    ``paused``: a pause was acknowledged, and not taken back. ``copy`` is what a standby has, since it lags, which is no
    longer than five minutes.
    """

    ledger: Ledger = Ledger()
    hosts: tuple[Host, Host] = (Host(), Host())
    times: tuple[int, ...] = ()
    calls: frozenset[Call] = frozenset()
    open: int = NONE
    doubt: bool = False
    proven: bool = False
    paused: bool = False
    copy: Ledger | None = None
    crashes: int = 0
    lost_calls: int = 0
    lost_replies: int = 0
    words: int = 0
    took_over: bool = False

    def with_host(self, number: int, host: Host) -> World:
        first, second = self.hosts
        return self._replace(hosts=(host, second) if number == 0 else (first, host))

    def with_ledger(self, **changes: object) -> World:
        return self._replace(ledger=self.ledger._replace(**changes))  # type: ignore[arg-type]  # as _replace has it


class Bounds(NamedTuple):
    """How much befalls one world: so that looking at everything takes a second."""

    requests: int = 2
    crashes: int = 0
    lost_calls: int = 0
    lost_replies: int = 0
    words: int = 0
    interruptions: bool = False
    time: int = LONG_GONE
    fail_over: bool = False


def may_make(ledger: Ledger, event: WantedEvent) -> bool:
    """Whether the table lets what is wanted move on."""
    state, by_guard = ledger.wanted
    return (state, event) in WANTED_TRANSITIONS and (by_guard or (state, event) not in NOT_AFTER_A_PERSON)


def wished(world: World, event: WantedEvent) -> World:
    """Something else is wanted, if the table lets it be."""
    if not may_make(world.ledger, event):
        return world
    to = WANTED_TRANSITIONS[world.ledger.wanted[0], event].to
    return world.with_ledger(wanted=(to, event is WantedEvent.INTERRUPTED))


def is_at_work(world: World, attempt: int) -> bool:
    """Whether a process lives that will say what became of this attempt."""
    return any(
        host.attempt == attempt and host.at in ("intent", "looked", "flying", "answered") for host in world.hosts
    )


def is_known(world: World, attempt: int) -> bool:
    """Whether the ledger or a process knows of this attempt."""
    return attempt in world.ledger.began or is_at_work(world, attempt)


def renumbered(world: World, change: dict[int, int]) -> World:
    """The same with other numbers for who holds leases and makes calls."""
    ledger = world.ledger._replace(holder=change.get(world.ledger.holder, world.ledger.holder))
    calls = frozenset(call._replace(host=change.get(call.host, call.host)) for call in world.calls)
    copy = world.copy and world.copy._replace(holder=change.get(world.copy.holder, world.copy.holder))
    return world._replace(ledger=ledger, calls=calls, copy=copy)


def alike(world: World) -> World:
    """The same for all worlds that differ in nothing but which host is which."""
    first, second = world.hosts
    if first <= second:
        return world
    return renumbered(world, {0: 1, 1: 0})._replace(hosts=(second, first))
