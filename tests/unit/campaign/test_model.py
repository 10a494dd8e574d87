"""Every history of one recipient and two runners, whatever befalls them; then without each rule.

A runner crashes, is cancelled, or is stopped and goes on when others have taken it for dead, at any step; the number is
suppressed, in the ledger or on the client's list; a cap has no room for its text; a person decides, pauses the campaign
and resumes it; the ledger is moved without its ``-wal``.

The promise: no second request ever contains a recipient of the campaign unless the first was proven not accepted or a
named person said so; every recipient ends in a recorded state; what can't be proven is listed as unknown, at most
requests in flight times batch size per crash. And no request begins after a pause was acknowledged: one that had its
intent by then may still leave.

The model is small and looks at everything: it moves by the package's own table of states, and each of its rules is one
that ``runner``, ``attempt``, ``moves``, ``file`` and ``lock`` keep. Without the rule it finds the duplicate, or the
loss, that it prevents.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from customersms_async.campaign.states import Event, ImpossibleMoveError, State, after
from customersms_async.campaign.wanted import STARTS
from customersms_async.campaign.wanted_states import MOVES as WANTED_MOVES
from customersms_async.campaign.wanted_states import NOT_AFTER_A_PERSON, Wanted, WantedEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = {
    "one runner at a time": "loss",
    "sending is durable before the first byte": "duplicate",
    "a hook that fails keeps the request back": "duplicate",
    "who is found as sending is unknown": "duplicate",
    "who is found as sending is moved on": "loss",
    "no answer is unknown": "duplicate",
    "what was not sent is planned again": "loss",
    "a cancelled run still records": "loss",
    "who is suppressed is neither begun with nor planned again": "suppressed",
    "who is on the client's list is turned away right before the first byte": "suppressed",
    "an intent that was turned away is ended as unsent": "loss",
    "a text for which a cap has no room does not leave": "capped",
    "nobody is planned again for a cap who is skipped for something else": "suppressed",
    "past its deadline nothing leaves": "duplicate",
    "a run whose file was moved stops before its next request": "duplicate",
    "who was cut off is not planned again before that deadline is over": "duplicate",
    "the main file says that it is not closed before anything is changed": "duplicate",
    (REFUSED := "a main file that says so and has no -wal is refused"): "duplicate",
    "an intent is made only while a run is wanted": "paused",
    "a run does not begin where a person has paused it": "paused",
    "the end of a run leaves alone what a person said": "paused",
}
"""Each rule, and what goes wrong without it."""

CRASHES = 2
REQUESTS = 3


class Runner(NamedTuple):
    """One process: ``at`` is off, started, ready, picked, intent, flying, answered or refused (with ``outcome``).

    Refused is whoever may not be sent to, before the ledger says so.
    It is a zombie if it was stopped in its intent, and has ``lost`` the lock as its file was moved: it may still go on.
    """

    at: str = "off"
    outcome: Event | None = None
    lost: bool = False


class World(NamedTuple):
    """All there is. ``open``: a request has left and nobody has proven that its text was not accepted.

    ``main`` is what the main file says without its ``-wal``, and ``closed`` whether it says that this is all; ``late``
    whether a zombie's deadline is over. ``listed``: the number is on the client's list. ``capped``: it was skipped last
    for a cap. ``wanted`` is what the ledger says, with whether a guard stopped it, and ``paused`` that a pause was
    acknowledged and not taken back.
    """

    ledger: State = State.PLANNED
    open: bool = False
    accepted: bool = False
    doubt: bool = False  # a crash, an answer that did not come, or one that could not be written down
    person: bool = False
    crashes: int = 0
    requests: int = 0
    suppressed: bool = False
    listed: bool = False
    capped: bool = False
    late: bool = False
    main: State = State.PLANNED
    main_capped: bool = False
    wanted: tuple[Wanted, bool] = (Wanted.STOPPED, True)  # a draft moves on as what a guard has stopped
    main_wanted: tuple[Wanted, bool] = (Wanted.STOPPED, True)
    paused: bool = False
    closed: bool = True
    runners: tuple[Runner, Runner] = (Runner(), Runner())

    def with_runner(self, number: int, runner: Runner) -> World:
        first, second = self.runners
        return self._replace(runners=(runner, second) if number == 0 else (first, runner))


NEW = World()


class WrongError(Exception):
    """A promise is broken."""


def moved(world: World, event: Event, rules: frozenset[str]) -> World:
    says_so = "the main file says that it is not closed before anything is changed" in rules
    capped = event is Event.CAPPED or (world.capped and event is not Event.SUPPRESSED)
    return world._replace(ledger=after(world.ledger, event), capped=capped, closed=world.closed and not says_so)


def may_make(world: World, event: WantedEvent) -> bool:
    """Whether the table lets what is wanted move on."""
    state, by_guard = world.wanted
    return (state, event) in WANTED_MOVES and (by_guard or (state, event) not in NOT_AFTER_A_PERSON)


def wished(world: World, event: WantedEvent, rules: frozenset[str]) -> World:
    """Something else is wanted, if the table lets it be; it is written down as every change is."""
    if not may_make(world, event):
        return world
    says_so = "the main file says that it is not closed before anything is changed" in rules
    to = WANTED_MOVES[world.wanted[0], event].to
    return world._replace(wanted=(to, event is WantedEvent.GUARD), closed=world.closed and not says_so)


def leave(world: World, number: int) -> World:
    if world.open:
        raise WrongError("duplicate")
    lost = world.runners[number].lost
    return world._replace(open=True, requests=world.requests + 1).with_runner(number, Runner("flying", lost=lost))


def steps(world: World, rules: frozenset[str]) -> Iterator[World]:
    """Every world that may come next."""
    for number in (0, 1):
        yield from runner_steps(world, number, rules)
    yield from decisions(world, rules)
    yield from fates_of_the_file(world, rules)
    if any(runner.at == "zombie" for runner in world.runners):
        yield world._replace(late=True)


def decisions(world: World, rules: frozenset[str]) -> Iterator[World]:
    """What people say."""
    zombies = any(runner.at == "zombie" for runner in world.runners)
    waits = "who was cut off is not planned again before that deadline is over" in rules
    obeys = "who is suppressed is neither begun with nor planned again" in rules
    may_plan = not (world.suppressed and obeys) and not (zombies and waits and not world.late)
    if world.ledger is State.UNKNOWN and not any(r.at in ("flying", "answered") for r in world.runners):
        if world.accepted:
            yield moved(world, Event.FOUND_ACCEPTED, rules)._replace(open=False, person=True)
        elif may_plan:
            yield moved(world, Event.SEND_AGAIN, rules)._replace(open=False, person=True)
    if world.ledger is State.REJECTED and may_plan:
        yield moved(world, Event.SEND_AGAIN, rules)._replace(person=True)
    only_capped = "nobody is planned again for a cap who is skipped for something else" in rules
    if world.ledger is State.SKIPPED and may_plan and (world.capped or not only_capped):
        if not world.capped:
            raise WrongError("suppressed")
        yield moved(world, Event.SEND_LATER, rules)._replace(person=True)
    if not world.paused:
        yield wished(world, WantedEvent.PAUSE, rules)._replace(paused=True)
    elif world.wanted[0] is Wanted.PAUSED:
        yield wished(world, WantedEvent.RESUME, rules)._replace(paused=False)
    if not (world.listed or world.suppressed):
        yield world._replace(listed=True)
    if not world.suppressed:
        suppressed = world._replace(suppressed=True)
        yield moved(suppressed, Event.SUPPRESSED, rules) if world.ledger is State.PLANNED else suppressed


def fates_of_the_file(world: World, rules: frozenset[str]) -> Iterator[World]:
    """It is brought up to date, closed in order, or moved without its -wal once nobody has it open."""
    up_to_date = world._replace(main=world.ledger, main_capped=world.capped, main_wanted=world.wanted)
    yield up_to_date
    yield up_to_date._replace(closed=True)
    refused = not world.closed and REFUSED in rules
    if not refused and all(runner.at == "off" or runner.lost for runner in world.runners):
        yield world._replace(ledger=world.main, capped=world.main_capped, wanted=world.main_wanted)


def runner_steps(world: World, number: int, rules: frozenset[str]) -> Iterator[World]:
    runner, other = world.runners[number], world.runners[1 - number]

    def go(at: str, outcome: Event | None = None, of: World = world) -> World:
        lost = at == "zombie" or (runner.lost and at != "off")
        return of.with_runner(number, Runner(at, outcome, lost))

    if runner.at != "off" and world.crashes < CRASHES:
        for accepted in {world.accepted, world.accepted or runner.at == "flying"}:  # it may still arrive
            doubt = world.doubt or runner.at in ("intent", "flying", "answered")
            yield go("off", of=world._replace(crashes=world.crashes + 1, accepted=accepted, doubt=doubt))
    if runner.at == "zombie":  # the other may have the lock by now
        if world.late and "past its deadline nothing leaves" in rules:
            yield go("off")
        else:
            yield leave(world, number)
    elif runner.at == "off":
        if other.at == "off" or other.lost or "one runner at a time" not in rules:
            yield go("started")
    elif runner.at == "started":
        of = recovered(world, rules)
        if may_make(world, WantedEvent.BEGUN):
            yield go("ready", of=wished(of, WantedEvent.BEGUN, rules))
        elif "a run does not begin where a person has paused it" in rules:
            yield go("off", of=of)
        else:
            yield go("ready", of=of._replace(wanted=(Wanted.RUN, False)))
    elif runner.at == "ready":
        yield go("off")
        if may_make(world, WantedEvent.GUARD):
            yield go("off", of=wished(world, WantedEvent.GUARD, rules))
        elif "the end of a run leaves alone what a person said" not in rules:
            yield go("off", of=world._replace(wanted=(Wanted.STOPPED, True)))
        if world.ledger is State.PLANNED and world.requests < REQUESTS:
            yield go("picked")
    elif runner.at == "picked":
        yield go("off")  # stopped, or the disk is full: the grant is given back
        if "a hook that fails keeps the request back" not in rules:
            yield leave(world, number)
        if "sending is durable before the first byte" not in rules:
            yield leave(world, number)
        elif world.ledger is State.PLANNED:  # else somebody else was faster, and it stops with an error
            if world.suppressed and "who is suppressed is neither begun with nor planned again" in rules:
                yield go("ready", of=moved(world, Event.SUPPRESSED, rules))
            elif world.suppressed:
                raise WrongError("suppressed")
            else:
                if "a text for which a cap has no room does not leave" not in rules:
                    raise WrongError("capped")
                yield go("refused", Event.CAPPED)
                if world.listed:
                    yield go("refused", Event.SUPPRESSED)
                looks = "an intent is made only while a run is wanted" in rules
                if world.wanted[0] not in STARTS and looks:
                    yield go("off")
                elif world.paused:
                    raise WrongError("paused")
                else:
                    yield go("intent", of=moved(world, Event.LEAVING, rules))
    elif runner.at == "intent":
        if not world.listed:
            yield leave(world, number)
        elif "who is on the client's list is turned away right before the first byte" not in rules:
            raise WrongError("suppressed")
        elif "an intent that was turned away is ended as unsent" not in rules:
            yield go("ready")
        else:
            yield go("refused", Event.SUPPRESSED, recorded(world, Event.UNSENT, rules))
        yield go("answered", Event.UNSENT)  # the ticket was stopped, or the grant had gone stale
        if other.at != "zombie" and not world.late:
            yield go("zombie", of=world._replace(doubt=True))
    elif runner.at == "refused":
        yield go("off")  # it can't be written down, and is still planned
        yield go("ready", of=skipped(world, runner.outcome, rules))
    elif runner.at == "flying":
        if "a cancelled run still records" not in rules:
            yield go("off")
        yield go("answered", Event.ACCEPTED, world._replace(accepted=True))
        for proof in (Event.REJECTED, Event.UNSENT):
            yield go("answered", proof, world._replace(open=False))
        for accepted in (False, True):
            yield go("answered", Event.UNANSWERED, world._replace(accepted=accepted, doubt=True))
    else:
        yield go("off", of=world._replace(doubt=True))  # it can't be written down
        stops = runner.lost and "a run whose file was moved stops before its next request" in rules
        yield go("off" if stops else "ready", of=recorded(world, runner.outcome, rules))


def recovered(world: World, rules: frozenset[str]) -> World:
    if world.ledger is not State.SENDING or "who is found as sending is moved on" not in rules:
        return world
    if "who is found as sending is unknown" not in rules:
        return world._replace(ledger=State.PLANNED)
    return moved(world, Event.CRASHED, rules)


def skipped(world: World, outcome: Event | None, rules: frozenset[str]) -> World:
    assert outcome is not None
    if world.ledger is not State.PLANNED:  # somebody has suppressed the number in the ledger meanwhile
        return world
    return moved(world, outcome, rules)


def recorded(world: World, outcome: Event | None, rules: frozenset[str]) -> World:
    assert outcome is not None
    if outcome is Event.UNSENT and "what was not sent is planned again" not in rules:
        return world
    if outcome is Event.UNANSWERED and "no answer is unknown" not in rules:
        return world._replace(ledger=State.PLANNED)
    try:
        return moved(world, outcome, rules)
    except ImpossibleMoveError:  # it stops with an error, and what became of the text is lost
        return world


def check(world: World) -> None:
    """Raise ``WrongError`` if something is lost."""
    alone = all(runner.at in ("off", "ready") and not runner.lost for runner in world.runners)
    started = any(runner.at == "ready" for runner in world.runners)
    if alone and started and world.ledger is State.SENDING:
        raise WrongError("loss")  # nobody works on it, and it is in no recorded end
    if world.ledger is State.UNKNOWN and not world.doubt:
        raise WrongError("loss")  # what was known was not recorded
    if world.ledger is State.ACCEPTED and not (world.accepted or world.person):
        raise WrongError("loss")


def alike(world: World, rules: frozenset[str]) -> World:
    """The same for all worlds that differ in nothing but which runner is which, or in what nobody will read.

    What the main file says by itself is not read while it says that this is not all, if it is refused then.
    """
    if not world.closed and REFUSED in rules:
        world = world._replace(main=world.ledger, main_capped=world.capped, main_wanted=world.wanted)
    runners = in_order(world.runners)
    return world if runners is world.runners else world._replace(runners=runners)


@cache
def in_order(runners: tuple[Runner, Runner]) -> tuple[Runner, Runner]:
    """The same two, whichever of them is first."""
    first, second = sorted(runners, key=lambda runner: (runner.at, runner.outcome or "", runner.lost))
    return first, second


def explore(rules: frozenset[str], until: str = "") -> set[str]:
    """Look at every history; gives what goes wrong, and looks no further once ``until`` does."""
    seen, todo, wrong = {World()}, deque([World()]), set[str]()
    while todo and until not in wrong:
        world = todo.popleft()
        try:
            check(world)
            following = list(steps(world, rules))
        except WrongError as error:
            wrong.add(str(error))
            continue
        for each in following:
            one = alike(each, rules)
            if one not in seen:
                seen.add(one)
                todo.append(one)
    if not wrong:
        assert len(seen) > 500, "it looked at many histories"
        assert {world.ledger for world in seen} == set(State)
        assert {world.ledger for world in seen if world.capped} > {State.SKIPPED}, "they are sent to after all"
        assert {world.wanted[0] for world in seen} == {Wanted.RUN, Wanted.PAUSED, Wanted.STOPPED}
    return wrong


def test_nobody_is_sent_to_twice_and_nothing_is_lost_whatever_happens() -> None:
    assert explore(frozenset(RULES)) == set()


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_something_goes_wrong(rule: str) -> None:
    assert RULES[rule] in explore(frozenset(RULES) - {rule}, RULES[rule])
