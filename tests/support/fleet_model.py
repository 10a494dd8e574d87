"""Every step that may come next in the world of a fleet, and the look at all of its histories.

It moves by the package's own tables; ``fleet_rules`` has the rules, and what befalls the hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from customersms_async.campaign.states import ANSWERS, RecipientEvent, State, after, late
from customersms_async.campaign.wanted_states import Wanted, WantedEvent
from customersms_async.models import Code
from support.fleet_world import (
    DEAD,
    ENDED,
    GONE,
    LONG_GONE,
    NOBODY,
    NONE,
    PAST,
    Bounds,
    Call,
    Host,
    Ledger,
    World,
    alike,
    is_at_work,
    is_known,
    may_make,
    renumbered,
    wished,
)
from support.model_search import WrongError, search

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT_OF = {str(status): event for status, event in ANSWERS.items()}
STATUS_OF = {event: status for status, event in ANSWERS.items()}


class Fleet(NamedTuple):
    """The rules that are kept, and how much befalls the world."""

    rules: frozenset[str]
    within: Bounds

    def following(self, world: World) -> Iterator[World]:
        """The worlds that may come next; raises ``WrongError`` if a promise is broken."""
        check(world)
        return (alike(self._without_idle_calls(each)) for each in [*self._steps(world)])

    def _without_idle_calls(self, world: World) -> World:
        """The same without calls that change nothing any more."""
        if not world.calls or "an attempt that has ended does not begin" not in self.rules:
            return world
        ended = world.ledger.ended
        return world._replace(calls=frozenset(call for call in world.calls if call.attempt not in ended))

    def _steps(self, world: World) -> Iterator[World]:
        for number in (0, 1):
            if number == 0 or world.hosts[0] != world.hosts[1]:
                yield from self._host(world, number)
        yield from self._time(world)
        for call in world.calls:
            yield self._came(world._replace(calls=world.calls - {call}), call)[0]
        if world.words < self.within.words:
            yield from self._people(world._replace(words=world.words + 1))
        if self.within.fail_over:
            yield from self._server(world)

    # What hosts do

    def _host(self, world: World, number: int) -> Iterator[World]:
        host = world.hosts[number]
        leads = world.ledger.holder == number

        def go(at: str, outcome: str = "", of: World = world, **changes: object) -> World:
            attempt = of.hosts[number].attempt if at in ("intent", "looked", "flying", "answered") else NONE
            same = of.hosts[number]._replace(at=at, outcome=outcome, attempt=attempt)
            return of.with_host(number, same._replace(**changes))  # type: ignore[arg-type]  # as _replace has it

        if host.at != "off" and world.crashes < self.within.crashes:
            doubt = world.doubt or is_at_work(world, host.attempt)
            died = renumbered(world._replace(crashes=world.crashes + 1, doubt=doubt), {number: DEAD + world.crashes})
            yield died.with_host(number, Host())
        if host.at == "off":
            yield from self._led(world, number)
        elif host.at == "ready":
            yield left(world.with_host(number, Host()), number)
            if self.within.interruptions and (leads or "what a run says is its runner's" not in self.rules):
                if may_make(world.ledger, WantedEvent.INTERRUPTED) and not leads:
                    raise WrongError("stopped")
                yield left(wished(world, WantedEvent.INTERRUPTED).with_host(number, Host()), number)
            if leads and world.ledger.state in ENDED:
                yield left(wished(world, WantedEvent.FINISHED).with_host(number, Host()), number)
            if len(world.times) < self.within.requests:  # it has seen who was planned some time ago
                yield from self._begun(world, number)
            yield from self._reaped(world)
        elif host.at == "intent":
            if world.times[host.attempt] < PAST or "past its deadline nothing leaves" not in self.rules:
                yield go("looked")
            yield go("answered", "unsent")
        elif host.at == "looked":
            if world.times[host.attempt] < LONG_GONE or "past its deadline nothing leaves" not in self.rules:
                yield go("flying", of=sent(world, host.attempt))
            else:
                yield go("answered", "unsent")
        elif host.at == "flying":
            yield go("answered", "accepted")
            yield go("answered", "unknown", world._replace(doubt=True))
            proven = world._replace(open=NONE) if world.open == host.attempt else world
            for proof in ("rejected", "unsent"):
                yield go("answered", proof, proven)
        else:
            yield from self._recorded(world, number)

    def _led(self, world: World, number: int) -> Iterator[World]:
        """A worker runs what is wanted and has no living runner."""
        ledger = world.ledger
        if ledger.wanted[0] is not Wanted.RUN:
            return
        is_led = ledger.holder != NOBODY and not ledger.over
        if is_led and "only a lease that is over is taken over" in self.rules:
            return
        of = world.with_ledger(holder=number, over=False, ran=self.within.fail_over)
        yield of.with_host(number, Host("ready", lapsed=ledger.doubted, soon=ledger.ran))

    def _begun(self, world: World, number: int) -> Iterator[World]:
        """An intent is said to the database; what comes of it, by what becomes of the call and of its reply."""
        attempt, ledger = len(world.times), world.ledger
        asks = world._replace(times=(*world.times, 0))
        host = world.hosts[number]
        call = Call("begin", number, attempt)

        def go(at: str, of: World, outcome: str = "") -> World:
            return of.with_host(number, of.hosts[number]._replace(at=at, attempt=attempt, outcome=outcome))

        if "an intent is acknowledged before the first byte" not in self.rules:
            yield go("flying", sent(asks, attempt))
        came, begins = self._came(asks, call)
        if begins:
            noted = host._replace(did=(*host.did, (attempt, ""))) if self.within.fail_over else host
            yield go("intent", came.with_host(number, noted))
        elif ledger.doubted and self._may_vouch(world, number):
            yield self._vouched(world, number)
        else:
            yield left(world.with_host(number, Host()), number)
        lost = []
        if world.lost_replies < self.within.lost_replies and begins:
            lost.append(came._replace(lost_replies=world.lost_replies + 1))
        if world.lost_calls < self.within.lost_calls:
            lost.append(asks._replace(lost_calls=world.lost_calls + 1, calls=asks.calls | {call}))
        for each in lost:
            if "an intent without a reply counts as not begun" not in self.rules:
                yield go("intent", each)
            if "an intent without a reply is recorded as unsent" in self.rules:
                yield go("answered", each, "unsent")
            else:
                yield each.with_host(number, each.hosts[number]._replace(at="ready"))

    def _recorded(self, world: World, number: int) -> Iterator[World]:
        """What became of a request is said to the database, for as long as it takes."""
        host = world.hosts[number]
        call = Call("record", NOBODY, host.attempt, host.outcome)
        came, _ = self._came(world, call)
        did = tuple((each, host.outcome if each == host.attempt else said) for each, said in host.did)
        done = host._replace(at="ready", attempt=NONE, outcome="", did=did)
        yield came.with_host(number, done if world.ledger.holder == number else Host())
        if world.lost_replies < self.within.lost_replies:
            yield came._replace(lost_replies=world.lost_replies + 1)
        if world.lost_calls < self.within.lost_calls:
            yield world._replace(lost_calls=world.lost_calls + 1, calls=world.calls | {call})

    # What the database does

    def _came(self, world: World, call: Call) -> tuple[World, bool]:
        """A call comes; gives the world, and for an intent whether it begins."""
        if call.name == "begin":
            return self._begin(world, call)
        if call.name == "record":
            return self._record(world, call.attempt, call.outcome), True
        once = "a decision takes effect once" if call.name == "resolve" else "a word takes effect once"
        if once in self.rules:
            return world, True
        if call.name == "resolve":
            may = world.ledger.state is State.UNKNOWN and not self._may_go_on(world)
            return (world.with_ledger(state=after(State.UNKNOWN, RecipientEvent.SEND_AGAIN)) if may else world), True
        return wished(world, WantedEvent.RESUME), True

    def _begin(self, world: World, call: Call) -> tuple[World, bool]:
        ledger = world.ledger
        if ledger.doubted and "on a server that may lack intents none begins" in self.rules:
            return world, False
        if call.attempt in ledger.ended and "an attempt that has ended does not begin" in self.rules:
            return world, False
        if call.attempt in ledger.began:
            return world, True
        if ledger.holder != call.host:
            if "an intent is the runner's" in self.rules:
                return world, False
            if ledger.holder != NOBODY and not ledger.over:
                raise WrongError("two runners")
        if ledger.wanted[0] is not Wanted.RUN and "an intent is made only while a run is wanted" in self.rules:
            return world, False
        if ledger.state is not State.PLANNED and "only who is planned begins" in self.rules:
            return world, False
        if world.paused:
            raise WrongError("paused")
        became = after(State.PLANNED, RecipientEvent.LEAVING)
        begun = {"began": ledger.began | {call.attempt}, "flying": ledger.flying | {call.attempt}}
        of = world._replace(proven=False)
        return of.with_ledger(state=became, interrupted=False, last=call.attempt, **begun), True

    def _record(self, world: World, attempt: int, outcome: str) -> World:
        ledger, event = world.ledger, EVENT_OF[outcome]
        if attempt in ledger.ended:
            return world
        if attempt not in ledger.began and event is not RecipientEvent.UNSENT:  # a fail-over has lost its intent
            if "an answer to an intent that is missing is written down" not in self.rules:
                return world._replace(proven=ledger.state is State.PLANNED and event is RecipientEvent.ACCEPTED)
            missing = {"state": State.SENDING, "last": attempt} if ledger.state is State.PLANNED else {}
            ledger = ledger._replace(began=ledger.began | {attempt}, **missing)  # type: ignore[arg-type]  # as it has it
        ledger = ledger._replace(ended=ledger.ended | {attempt}, flying=ledger.flying - {attempt})
        state = ledger.state
        is_last = ledger.last == attempt or "a late answer counts only while its attempt is the last" not in self.rules
        if state is State.SENDING and is_last:
            ledger = ledger._replace(state=after(state, event))
        elif (is_last and ledger.interrupted) or state is State.PLANNED:
            ledger = ledger._replace(**self._late(ledger, event))  # type: ignore[arg-type]  # as _replace has it
        proven = event is RecipientEvent.ACCEPTED and (ledger.last == attempt or state is State.PLANNED)
        times = (*world.times[:attempt], 0, *world.times[attempt + 1 :])  # nobody looks at them any more
        return world._replace(ledger=ledger, times=times, proven=world.proven or proven)

    def _late(self, ledger: Ledger, event: RecipientEvent) -> dict[str, object]:
        """What a late answer changes."""
        if "what a late answer proves is written down" not in self.rules:
            return {}
        if ledger.state is State.PLANNED and "a late answer beats the person who plans again" not in self.rules:
            return {}
        became = late(ledger.state, Code.INTERRUPTED if ledger.interrupted else "", STATUS_OF[event])
        if became is not None:
            state = after(ledger.state, became)
        elif event is RecipientEvent.UNANSWERED and "a late answer that proves nothing plans nobody" not in self.rules:
            state = State.PLANNED
        else:
            return {}
        changes: dict[str, object] = {"state": state, "interrupted": False}
        goes_on = "a late answer lets a run that has ended go on" in self.rules
        if state is State.PLANNED and ledger.wanted[0] is Wanted.DONE and goes_on:
            changes["wanted"] = wished(World(ledger), WantedEvent.LATE).ledger.wanted
        return changes

    def _reaped(self, world: World) -> Iterator[World]:
        """Who was being sent to in attempts that can have no answer any more is made unknown."""
        ledger = world.ledger
        if "whose time is over is made unknown" not in self.rules:
            return
        for attempt in ledger.flying:
            if world.times[attempt] < GONE and "nobody is made unknown before that time is over" in self.rules:
                continue
            of = world.with_ledger(flying=ledger.flying - {attempt})
            if ledger.state is State.SENDING and ledger.last == attempt:
                keeps = "time makes unknown, and never planned" in self.rules
                state = after(State.SENDING, RecipientEvent.CRASHED) if keeps else State.PLANNED
                of = of.with_ledger(state=state, interrupted=True)
            yield of

    # What befalls all of them

    def _time(self, world: World) -> Iterator[World]:
        """Deadlines pass; leases are over, as nobody heard of their host, or are not any more."""
        ledger = world.ledger
        for attempt, time in enumerate(world.times):
            if time < self.within.time and attempt not in ledger.ended and is_known(world, attempt):
                times = (*world.times[:attempt], time + 1, *world.times[attempt + 1 :])
                stood_still = time + 1 == GONE and is_at_work(world, attempt)
                yield world._replace(times=times, doubt=world.doubt or stood_still)
        if ledger.holder == NOBODY:
            return
        if not ledger.over:
            of = world.with_ledger(over=True)
            if ledger.holder < DEAD and self.within.fail_over:
                of = of.with_host(ledger.holder, of.hosts[ledger.holder]._replace(lapsed=True))
            yield of
        elif ledger.holder < DEAD:
            yield world.with_ledger(over=False)

    def _people(self, world: World) -> Iterator[World]:
        """A person decides, or says what is wanted; ``world`` counts it."""
        ledger = world.ledger
        said: list[tuple[World, Call]] = []
        again = (ledger.state is State.UNKNOWN and not self._may_go_on(world)) or ledger.state is State.REJECTED
        if again:
            planned = world.with_ledger(state=after(ledger.state, RecipientEvent.SEND_AGAIN), interrupted=False)
            planned = planned._replace(open=NONE, proven=False)
            if ledger.wanted[0] is Wanted.DONE:  # and they have it run
                planned = wished(wished(planned, WantedEvent.PLAN), WantedEvent.BEGUN)
            said.append((planned, Call("resolve", copy=True)))
        if ledger.state is State.UNKNOWN:
            accepted = world.with_ledger(state=after(ledger.state, RecipientEvent.FOUND_ACCEPTED), interrupted=False)
            yield accepted._replace(open=NONE)
        if may_make(ledger, WantedEvent.PAUSE) and self.within.words > 1:
            yield wished(world, WantedEvent.PAUSE)._replace(paused=True)
        if may_make(ledger, WantedEvent.RESUME):
            said.append((wished(world, WantedEvent.RESUME)._replace(paused=False), Call("resume", copy=True)))
        for each, copy in said:
            yield each
            if world.lost_replies < self.within.lost_replies:
                yield each._replace(lost_replies=world.lost_replies + 1, calls=each.calls | {copy})

    def _may_go_on(self, world: World) -> bool:
        """Whether who is unknown may still be sent to, by a process that stands still."""
        ledger, waits = world.ledger, "a person plans again only who was cut off ten minutes ago" in self.rules
        return ledger.interrupted and waits and world.times[ledger.last] < LONG_GONE

    def _server(self, world: World) -> Iterator[World]:
        """A standby lags from now on; it takes over, or the server crashes without having synced its disk since."""
        if world.took_over:
            return
        if world.copy is None:
            for number, host in enumerate(world.hosts):
                if host.soon:  # five minutes pass
                    yield world.with_host(number, host._replace(soon=False))
            yield world._replace(copy=world.ledger)
            return
        over = world._replace(copy=None, took_over=True, doubt=True, proven=False)
        yield over._replace(ledger=world.copy._replace(doubted=True))
        if "an intent that was acknowledged is on the disk" not in self.rules:
            yield over._replace(ledger=world.copy)

    def _may_vouch(self, world: World, number: int) -> bool:
        """Whether nobody else can have run it, as far as a host knows."""
        host = world.hosts[number]
        lapsed = host.lapsed and "only a run whose lease never lapsed vouches" in self.rules
        soon = host.soon and "only a run that began five minutes after another one vouches" in self.rules
        return world.ledger.holder == number and not lapsed and not soon

    def _vouched(self, world: World, number: int) -> World:
        """A run does again what it did, on a server that may lack it."""
        of = world.with_ledger(doubted=False)
        if "who vouches puts in again all that it did" in self.rules:
            for attempt, outcome in world.hosts[number].did:
                of, _ = self._begin(of, Call("begin", number, attempt))
                of = self._record(of, attempt, outcome) if outcome else of
        return of


def sent(world: World, attempt: int) -> World:
    """A request has left."""
    if world.open != NONE:
        raise WrongError("duplicate")
    return world._replace(open=attempt)


def left(world: World, number: int) -> World:
    """A run is the runner no more, so that another can run at once."""
    return world.with_ledger(holder=NOBODY, over=False) if world.ledger.holder == number else world


def check(world: World) -> None:
    """Raise ``WrongError`` if what was known is not recorded."""
    ledger = world.ledger
    if world.proven and ledger.state in (State.UNKNOWN, State.PLANNED):
        raise WrongError("loss")  # it was known that it was accepted, and is not any more
    if ledger.state is State.UNKNOWN and not world.doubt:
        raise WrongError("loss")  # nobody was in doubt, and nobody will be told better


def explore(rules: frozenset[str], within: Bounds, until: str = "") -> set[str]:
    """Look at every history; gives what goes wrong, and looks no further once ``until`` does."""
    fleet = Fleet(rules, within)
    found = search([World()], fleet.following, until, keeps_following=True)
    if not found.wrong and found.without_a_way_to(lambda world: is_settled(world, within)):
        found.wrong.add("loss")
    return found.wrong


def is_settled(world: World, within: Bounds) -> bool:
    """Whether the recipient is in a recorded end, or waits for somebody's word, or no more can befall them here."""
    if any(host.attempt != NONE for host in world.hosts):
        return False
    if not within.time and world.ledger.last in world.ledger.flying:
        return True  # time will make them unknown
    waits = world.ledger.doubted or world.ledger.wanted[0] in (Wanted.PAUSED, Wanted.STOPPED, Wanted.DRAFT)
    used_up = len(world.times) == within.requests
    return world.ledger.state in ENDED or (world.ledger.state is State.PLANNED and (waits or used_up))
