"""The world of the model of campaigns: one recipient, two runners, a ledger; and the rules that are kept in it."""

from __future__ import annotations

import enum
from typing import NamedTuple

from customersms_async.campaign.states import RecipientEvent, State, after
from customersms_async.campaign.wanted_states import NOT_AFTER_A_PERSON, Wanted, WantedEvent
from customersms_async.campaign.wanted_states import TRANSITIONS as WANTED_TRANSITIONS

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
    "a late answer that proves nothing plans nobody": "duplicate",
    "a late answer counts only while its attempt is the last": "duplicate",
    "what a late answer proves is written down": "loss",
    "a late answer beats the person who plans again": "loss",
    "an intent is made only while a run is wanted": "paused",
    "a run does not begin where a person has paused it": "paused",
    "the end of a run leaves alone what a person said": "paused",
    "who is there already is not added again": "duplicate",
    "an addition leaves alone what a person said": "paused",
    "no intent is made out of hours": "late",
    "the first byte is looked at once more, as hours may end between intent and first byte": "late",
    "who has expired is skipped and not sent to": "late",
    "a text that was too late for its first byte is ended as unsent": "loss",
    "who is out of hours stays planned": "loss",
    "a campaign is done only once nobody is planned": "loss",
    "whoever plans or adds somebody has a campaign that is done run again": "loss",
    "a late answer that plans somebody has a campaign that is done run again": "loss",
}
"""Each rule, and what goes wrong without it."""

CRASHES = 2
REQUESTS = 3


class Time(enum.Enum):
    """When a text may leave: at any time, or by a schedule, in which it is hours, or not, or the time has run out."""

    ANY = "any time"
    HOURS = "hours"
    OUT_OF_HOURS = "out of hours"
    RUN_OUT = "run out"


class Runner(NamedTuple):
    """One process: ``at`` is off, started, ready, picked, intent, flying, answered or refused (with ``outcome``).

    Refused is whoever may not be sent to, before the ledger says so.
    It is a zombie if it was stopped in its intent, and has ``lost`` the lock if it was taken for dead: it may still go
    on. ``last``: its attempt is the recipient's last one, as the ledger has it. ``until``: its intent was made within
    hours, so that it has a moment before which the first byte has to leave.
    """

    at: str = "off"
    outcome: RecipientEvent | None = None
    lost: bool = False
    last: bool = False
    until: bool = False


class World(NamedTuple):
    """All there is. ``open``: a request has left and nobody has proven that its text was not accepted. ``proven``: a
    late answer has told the ledger that the recipient's last attempt was accepted.

    ``main`` is what the main file says without its ``-wal``, and ``closed`` whether it says that this is all; ``late``
    whether a zombie's deadline is over. ``listed``: the number is on the client's list. ``capped``: it was skipped last
    for a cap. ``wanted`` is what the ledger says, with whether a guard stopped it, and ``paused`` that a pause was
    acknowledged and not taken back.

    ``time`` is what the schedule says now. A campaign that has one begins without the recipient (a ledger of ``None``),
    who is added later; in it nobody is paused or suppressed and no file is moved, as these meet a schedule nowhere but
    in the same two looks that they have of their own, right before the intent and right before the first byte.
    """

    ledger: State | None = State.PLANNED
    open: bool = False
    proven: bool = False
    accepted: bool = False
    doubt: bool = False  # a crash, an answer that did not come, or one that could not be written down
    person: bool = False
    crashes: int = 0
    requests: int = 0
    suppressed: bool = False
    listed: bool = False
    capped: bool = False
    late: bool = False
    main: State | None = State.PLANNED
    main_capped: bool = False
    wanted: tuple[Wanted, bool] = (Wanted.STOPPED, True)  # a draft moves on as what a guard has stopped
    main_wanted: tuple[Wanted, bool] = (Wanted.STOPPED, True)
    paused: bool = False
    closed: bool = True
    time: Time = Time.ANY
    runners: tuple[Runner, Runner] = (Runner(), Runner())

    def with_runner(self, number: int, runner: Runner) -> World:
        first, second = self.runners
        return self.with_runners((runner, second) if number == 0 else (first, runner))

    def with_runners(self, runners: tuple[Runner, Runner]) -> World:
        return World._make((*self[:-1], runners))  # they come last, and this takes a third of the time of _replace

    def up_to_date(self) -> World:
        """The same with a main file that says all."""
        if self.main is self.ledger and self.main_capped is self.capped and self.main_wanted == self.wanted:
            return self  # mostly so, and making a world is what looking at all of them takes
        return self._replace(main=self.ledger, main_capped=self.capped, main_wanted=self.wanted)

    @property
    def is_timed(self) -> bool:
        """Whether the campaign has a schedule."""
        return self.time is not Time.ANY


NEW = (World(), World(ledger=None, main=None, time=Time.HOURS))
"""The worlds at the beginning: without a schedule, and with one."""

_FOR_NOW = (RecipientEvent.CAPPED, RecipientEvent.EXPIRED, RecipientEvent.NO_ZONE)
"""Why somebody is skipped whom a person may plan after all."""


def moved(world: World, event: RecipientEvent, rules: frozenset[str]) -> World:
    says_so = "the main file says that it is not closed before anything is changed" in rules
    capped = event in _FOR_NOW or (world.capped and event is not RecipientEvent.SUPPRESSED)
    return world._replace(ledger=after(world.ledger, event), capped=capped, closed=world.closed and not says_so)


def planned_by_person(world: World, event: RecipientEvent, rules: frozenset[str]) -> World:
    """A person adds the recipient, or has it sent to again; a campaign that was done is to be run again."""
    planned = moved(world, event, rules)
    if "whoever plans or adds somebody has a campaign that is done run again" not in rules:
        return planned
    return wished(planned, WantedEvent.PLAN, rules)


def may_make(world: World, event: WantedEvent) -> bool:
    """Whether the table lets what is wanted move on."""
    state, by_guard = world.wanted
    return (state, event) in WANTED_TRANSITIONS and (by_guard or (state, event) not in NOT_AFTER_A_PERSON)


def wished(world: World, event: WantedEvent, rules: frozenset[str]) -> World:
    """Something else is wanted, if the table lets it be; it is written down as every change is."""
    if not may_make(world, event):
        return world
    says_so = "the main file says that it is not closed before anything is changed" in rules
    to = WANTED_TRANSITIONS[world.wanted[0], event].to
    return world._replace(wanted=(to, event is WantedEvent.GUARD), closed=world.closed and not says_so)
