"""Every step that may come next in the world of a campaign, and the look at all of its histories."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from customersms_async.campaign.states import ANSWERS, ImpossibleTransitionError, RecipientEvent, State, late
from customersms_async.campaign.wanted import STARTS
from customersms_async.campaign.wanted_states import Wanted, WantedEvent
from customersms_async.models import Code
from support.campaign_world import (
    CRASHES,
    NEW,
    REFUSED,
    REQUESTS,
    Runner,
    Time,
    World,
    may_make,
    moved,
    planned_by_person,
    wished,
)
from support.model_search import WrongError, search

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS_OF = {event: status for status, event in ANSWERS.items()}


def leave(world: World, number: int) -> World:
    if world.time in (Time.OUT_OF_HOURS, Time.RUN_OUT):
        raise WrongError("late")
    if world.open:
        raise WrongError("duplicate")
    lost = world.runners[number].lost
    left = world._replace(open=True, requests=world.requests + 1)
    return left.with_runner(number, Runner("flying", lost=lost, last=world.runners[number].last))


def steps(world: World, rules: frozenset[str]) -> Iterator[World]:
    """Every world that may come next."""
    for number in (0, 1):
        yield from runner_steps(world, number, rules)
    yield from decisions(world, rules)
    yield from additions(world, rules)
    if world.is_timed:
        yield from passing_time(world)
    else:
        yield from fates_of_the_file(world, rules)
    if any(runner.lost for runner in world.runners):
        yield world._replace(late=True)


def passing_time(world: World) -> Iterator[World]:
    """Hours begin and end, until the time has run out."""
    if world.time is not Time.RUN_OUT:
        other = Time.OUT_OF_HOURS if world.time is Time.HOURS else Time.HOURS
        yield world._replace(time=other)
        yield world._replace(time=Time.RUN_OUT)


def decisions(world: World, rules: frozenset[str]) -> Iterator[World]:
    """What people say."""
    zombies = any(runner.at == "zombie" or (runner.lost and runner.last) for runner in world.runners)
    waits = "who was cut off is not planned again before that deadline is over" in rules
    obeys = "who is suppressed is neither begun with nor planned again" in rules
    may_plan = not (world.suppressed and obeys) and not (zombies and waits and not world.late)
    if world.ledger is State.UNKNOWN and not any(r.at in ("flying", "answered") and not r.lost for r in world.runners):
        if world.accepted:
            yield moved(world, RecipientEvent.FOUND_ACCEPTED, rules)._replace(open=False, person=True)
        elif may_plan:
            yield planned_by_person(world, RecipientEvent.SEND_AGAIN, rules)._replace(open=False, person=True)
    if world.ledger is State.REJECTED and may_plan:
        yield planned_by_person(world, RecipientEvent.SEND_AGAIN, rules)._replace(person=True)
    only_capped = "nobody is planned again for a cap who is skipped for something else" in rules
    if world.ledger is State.SKIPPED and may_plan and (world.capped or not only_capped):
        if not world.capped:
            raise WrongError("suppressed")
        yield planned_by_person(world, RecipientEvent.SEND_LATER, rules)._replace(person=True)
    if world.ledger is None:
        yield planned_by_person(world, RecipientEvent.ADDED, rules)
    if world.is_timed:
        return
    if not world.paused:
        yield wished(world, WantedEvent.PAUSE, rules)._replace(paused=True)
    elif world.wanted[0] is Wanted.PAUSED:
        yield wished(world, WantedEvent.RESUME, rules)._replace(paused=False)
    if not (world.listed or world.suppressed):
        yield world._replace(listed=True)
    if not world.suppressed:
        suppressed = world._replace(suppressed=True)
        yield moved(suppressed, RecipientEvent.SUPPRESSED, rules) if world.ledger is State.PLANNED else suppressed


def additions(world: World, rules: frozenset[str]) -> Iterator[World]:
    """The recipient is added once more, by the same file or another one, whatever has become of it: nothing changes."""
    if world.ledger is None:
        return
    if "who is there already is not added again" not in rules:
        yield world._replace(ledger=State.PLANNED)
    if "an addition leaves alone what a person said" not in rules:
        yield world._replace(wanted=(Wanted.RUN, False))


def fates_of_the_file(world: World, rules: frozenset[str]) -> Iterator[World]:
    """It is brought up to date, closed in order, or moved without its -wal once nobody has it open."""
    up_to_date = world.up_to_date()
    yield up_to_date
    yield up_to_date._replace(closed=True)
    refused = not world.closed and REFUSED in rules
    if not refused and world != up_to_date and all(runner.at == "off" or runner.lost for runner in world.runners):
        first, second = (runner._replace(last=False) for runner in world.runners)
        gone_back = world._replace(ledger=world.main, capped=world.main_capped, wanted=world.main_wanted)
        yield gone_back._replace(proven=False, runners=(first, second))


def runner_steps(world: World, number: int, rules: frozenset[str]) -> Iterator[World]:
    runner, other = world.runners[number], world.runners[1 - number]

    def go(at: str, outcome: RecipientEvent | None = None, of: World = world) -> World:
        lost = at == "zombie" or (runner.lost and at != "off")
        last = of.runners[number].last and at in ("zombie", "flying", "answered")
        return of.with_runner(number, Runner(at, outcome, lost, last, runner.until and at == "zombie"))

    if runner.at != "off" and world.crashes < (1 if world.is_timed else CRASHES):
        for accepted in {world.accepted, world.accepted or runner.at == "flying"}:  # it may still arrive
            doubt = world.doubt or runner.at in ("intent", "flying", "answered")
            yield go("off", of=world._replace(crashes=world.crashes + 1, accepted=accepted, doubt=doubt))
    if runner.at == "zombie":  # the other may have the lock by now
        if world.late and "past its deadline nothing leaves" in rules:
            yield go("off")
            yield go("answered", RecipientEvent.UNSENT)
        elif is_too_late(world, runner, rules):
            yield go("answered", RecipientEvent.UNSENT)
        else:
            yield leave(world, number)
    elif runner.at == "off":
        if other.at == "off" or other.lost or "one runner at a time" not in rules:
            yield go("started")
    elif runner.at == "started":
        of = recovered(world, rules)
        if world.time is Time.RUN_OUT:  # run again with a later expiry
            yield world._replace(time=Time.HOURS)
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
        checks = "a campaign is done only once nobody is planned" in rules
        if world.is_timed and not runner.lost and not (checks and world.ledger is State.PLANNED):
            yield go("off", of=wished(world, WantedEvent.FINISHED, rules))
    elif runner.at == "picked":
        yield go("off")  # stopped, or the disk is full: the grant is given back
        if "a hook that fails keeps the request back" not in rules:
            yield leave(world, number)
        if "sending is durable before the first byte" not in rules:
            yield leave(world, number)
        elif world.ledger is State.PLANNED:  # else somebody else was faster, and it stops with an error
            if world.suppressed and "who is suppressed is neither begun with nor planned again" in rules:
                yield go("ready", of=moved(world, RecipientEvent.SUPPRESSED, rules))
            elif world.suppressed:
                raise WrongError("suppressed")
            else:
                if "a text for which a cap has no room does not leave" not in rules:
                    raise WrongError("capped")
                yield go("refused", RecipientEvent.CAPPED)
                if world.listed:
                    yield go("refused", RecipientEvent.SUPPRESSED)
                looks = "an intent is made only while a run is wanted" in rules
                if world.wanted[0] not in STARTS and looks:
                    yield go("off")
                elif world.paused:
                    raise WrongError("paused")
                else:
                    yield judged(world, number, rules)
    elif runner.at == "intent":
        if is_too_late(world, runner, rules):
            if "a text that was too late for its first byte is ended as unsent" not in rules:
                yield go("ready")
        elif not world.listed:
            yield leave(world, number)
        elif "who is on the client's list is turned away right before the first byte" not in rules:
            raise WrongError("suppressed")
        elif "an intent that was turned away is ended as unsent" not in rules:
            yield go("ready")
        else:
            yield go("refused", RecipientEvent.SUPPRESSED, recorded(world, runner, RecipientEvent.UNSENT, rules))
        yield go("answered", RecipientEvent.UNSENT)  # the ticket was stopped, or the grant had gone stale
        if other.at != "zombie" and not world.late:
            yield go("zombie", of=world._replace(doubt=True))
    elif runner.at == "refused":
        yield go("off")  # it can't be written down, and is still planned
        yield go("ready", of=skipped(world, runner.outcome, rules))
    elif runner.at == "flying":
        if "a cancelled run still records" not in rules:
            yield go("off")
        yield go("answered", RecipientEvent.ACCEPTED, world._replace(accepted=True))
        for proof in (RecipientEvent.REJECTED, RecipientEvent.UNSENT):
            yield go("answered", proof, world._replace(open=world.open and not runner.last))
        if not (runner.lost or other.lost or world.late):  # it is stopped, and taken for dead
            yield world._replace(doubt=True).with_runner(number, runner._replace(lost=True))
        for accepted in (False, True):
            yield go("answered", RecipientEvent.UNANSWERED, world._replace(accepted=accepted, doubt=True))
    else:
        yield go("off", of=world._replace(doubt=True))  # it can't be written down
        stops = runner.lost and "a run whose file was moved stops before its next request" in rules
        yield go("off" if stops else "ready", of=recorded(world, runner, runner.outcome, rules))


def judged(world: World, number: int, rules: frozenset[str]) -> World:
    """The schedule is asked right before the intent: who may not be texted now is passed over, or skipped."""
    runner = world.runners[number]
    if world.time is Time.RUN_OUT and "who has expired is skipped and not sent to" in rules:
        return world.with_runner(number, Runner("refused", RecipientEvent.EXPIRED, runner.lost))
    if world.time is Time.OUT_OF_HOURS and "no intent is made out of hours" in rules:
        if "who is out of hours stays planned" not in rules:
            raise WrongError("loss")
        return world.with_runner(number, Runner("ready", None, runner.lost))
    return begun(world, number, rules)


def is_too_late(world: World, runner: Runner, rules: frozenset[str]) -> bool:
    """Whether the first byte is held back, as its moment has gone by since the intent."""
    looks = "the first byte is looked at once more, as hours may end between intent and first byte" in rules
    return looks and runner.until and world.time is not Time.HOURS


def begun(world: World, number: int, rules: frozenset[str]) -> World:
    """An intent is durable: no earlier attempt is the last one any more."""
    other = world.runners[1 - number]
    of = (
        moved(world, RecipientEvent.LEAVING, rules)
        ._replace(proven=False)
        .with_runner(1 - number, other._replace(last=False))
    )
    until = world.time is Time.HOURS
    return of.with_runner(number, Runner("intent", None, world.runners[number].lost, last=True, until=until))


def recovered(world: World, rules: frozenset[str]) -> World:
    if world.ledger is not State.SENDING or "who is found as sending is moved on" not in rules:
        return world
    if "who is found as sending is unknown" not in rules:
        return world._replace(ledger=State.PLANNED)
    return moved(world, RecipientEvent.CRASHED, rules)


def skipped(world: World, outcome: RecipientEvent | None, rules: frozenset[str]) -> World:
    assert outcome is not None
    if world.ledger is not State.PLANNED:  # somebody has suppressed the number in the ledger meanwhile
        return world
    return moved(world, outcome, rules)


def recorded(world: World, runner: Runner, outcome: RecipientEvent | None, rules: frozenset[str]) -> World:
    assert outcome is not None
    if not runner.last and "a late answer counts only while its attempt is the last" in rules:
        return world  # what was accepted is known as a double from now on
    if world.ledger is not State.SENDING:
        counts = outcome is RecipientEvent.ACCEPTED and world.ledger in (State.UNKNOWN, State.PLANNED)
        return recorded_late(world._replace(proven=counts), outcome, rules)
    if outcome is RecipientEvent.UNSENT and "what was not sent is planned again" not in rules:
        return world
    if outcome is RecipientEvent.UNANSWERED and "no answer is unknown" not in rules:
        return world._replace(ledger=State.PLANNED)
    try:
        return moved(world, outcome, rules)
    except ImpossibleTransitionError:  # it stops with an error, and what became of the text is lost
        return world


def recorded_late(world: World, outcome: RecipientEvent, rules: frozenset[str]) -> World:
    if "what a late answer proves is written down" not in rules:
        return world
    if world.ledger is State.PLANNED and "a late answer beats the person who plans again" not in rules:
        return world
    assert world.ledger is not None  # an attempt was at somebody who was added
    plans_nobody = "a late answer that proves nothing plans nobody" in rules
    if outcome is RecipientEvent.UNANSWERED and world.ledger is State.UNKNOWN:
        return world if plans_nobody else world._replace(ledger=State.PLANNED)
    assert world.ledger is not None, "there was an attempt"
    event = late(world.ledger, Code.INTERRUPTED if world.ledger is State.UNKNOWN else "", STATUS_OF[outcome])
    if event is None:
        return world
    following = moved(world, event, rules)
    if "a late answer that plans somebody has a campaign that is done run again" in rules:
        return wished(following, WantedEvent.LATE, rules) if following.ledger is State.PLANNED else following
    return following


def check(world: World) -> None:
    """Raise ``WrongError`` if something is lost."""
    if world.proven and world.ledger in (State.UNKNOWN, State.PLANNED):
        raise WrongError("loss")  # it was known that it was accepted, and is not any more
    alone = all(runner.at in ("off", "ready") and not runner.lost for runner in world.runners)
    started = any(runner.at == "ready" for runner in world.runners)
    if alone and started and world.ledger is State.SENDING:
        raise WrongError("loss")  # nobody works on it, and it is in no recorded end
    if world.ledger is State.UNKNOWN and not world.doubt:
        raise WrongError("loss")  # what was known was not recorded
    if world.wanted[0] is Wanted.DONE and world.ledger is State.PLANNED:
        raise WrongError("loss")  # nobody will send to it
    if world.ledger is State.ACCEPTED and not (world.accepted or world.person):
        raise WrongError("loss")


def alike(world: World, rules: frozenset[str]) -> World:
    """The same for all worlds that differ in nothing but which runner is which, or in what nobody will read.

    What the main file says by itself is not read while it says that this is not all, if it is refused then.
    """
    if not world.closed and REFUSED in rules:
        world = world.up_to_date()
    runners = in_order(world.runners)
    return world if runners is world.runners else world.with_runners(runners)


@cache
def in_order(runners: tuple[Runner, Runner]) -> tuple[Runner, Runner]:
    """The same two, whichever of them is first."""
    first, second = sorted(
        runners, key=lambda runner: (runner.at, runner.outcome or "", runner.lost, runner.last, runner.until)
    )
    return first, second


def explore(rules: frozenset[str], until: str = "") -> set[str]:
    """Look at every history; gives what goes wrong, and looks no further once ``until`` does."""

    def following(world: World) -> Iterator[World]:
        check(world)
        return (alike(each, rules) for each in steps(world, rules))

    seen, _, wrong = search(NEW, following, until)
    if not wrong:
        assert len(seen) > 500, "it looked at many histories"
        for one in NEW:
            ledgers = {world.ledger for world in seen if world.is_timed is one.is_timed}
            assert ledgers == {*State, one.ledger}
        assert {world.time for world in seen} == set(Time)
        assert {world.ledger for world in seen if world.capped} > {State.SKIPPED}, "they are sent to after all"
        assert {world.wanted[0] for world in seen} == set(Wanted)
    return wrong
