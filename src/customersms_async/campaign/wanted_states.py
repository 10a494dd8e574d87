"""What is wanted of a campaign, and every transition from one wish to another, with who may make it, in one table.

=======  ===========================================  ===================================================
wanted   since                                        what may be done
=======  ===========================================  ===================================================
draft    recipients were added, or planned again      nothing is sent until a person's program runs it
run      a run began, or a person resumed it          requests begin, on the terms that stand with it
paused   a person said so                             no request begins until a person resumes it
stopped  a person said so, a guard, or an             no request begins; if it was no person, the next
         interruption                                 run of a person's program goes on
done     a run found nobody left                      there is nobody to send to, unless a late answer proves that
                                                      somebody was not sent to: then the run goes on
=======  ===========================================  ===================================================

A request begins only while *run* is wanted: that is looked at in the transaction that makes its intent. Every change is
a row of its own, and none is ever changed; a ledger's file, or its database, refuses what is not in ``TRANSITIONS``.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple


class Wanted(enum.StrEnum):
    """What is wanted of a campaign; the values are what ledgers keep, and what ``campaign status`` says."""

    DRAFT = "draft"
    RUN = "run"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


class WantedEvent(enum.StrEnum):
    """Why something else is wanted; the values are what ledgers keep."""

    ADDED = "added"
    BEGUN = "begun"
    GUARD = "guard"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    PAUSE = "pause"
    STOP = "stop"
    RESUME = "resume"
    REOPEN = "reopen"
    PLAN = "plan"
    LATE = "late"


class WantedBy(enum.StrEnum):
    """Who may make a transition; the values are the words of the docs."""

    ADDING = "adding"
    RUN_THAT_BEGINS = "a run that begins"
    GUARD = "a guard"
    RUN_THAT_ENDS = "a run that ends"
    PERSON = "a person"
    LATE_ANSWER = "a late answer"


class WantedTransition(NamedTuple):
    """One transition: where it leads to, and who may make it."""

    to: Wanted
    by: WantedBy


_BEGUN: Final = WantedTransition(Wanted.RUN, WantedBy.RUN_THAT_BEGINS)
_PAUSED: Final = WantedTransition(Wanted.PAUSED, WantedBy.PERSON)
_STOPPED: Final = WantedTransition(Wanted.STOPPED, WantedBy.PERSON)

TRANSITIONS: Final[dict[tuple[Wanted | None, WantedEvent], WantedTransition]] = {
    (None, WantedEvent.ADDED): WantedTransition(Wanted.DRAFT, WantedBy.ADDING),
    **{(state, WantedEvent.BEGUN): _BEGUN for state in (Wanted.DRAFT, Wanted.RUN, Wanted.STOPPED, Wanted.DONE)},
    (Wanted.RUN, WantedEvent.GUARD): WantedTransition(Wanted.STOPPED, WantedBy.GUARD),
    (Wanted.RUN, WantedEvent.INTERRUPTED): WantedTransition(Wanted.STOPPED, WantedBy.RUN_THAT_ENDS),
    (Wanted.RUN, WantedEvent.FINISHED): WantedTransition(Wanted.DONE, WantedBy.RUN_THAT_ENDS),
    **{(state, WantedEvent.PAUSE): _PAUSED for state in Wanted if state is not Wanted.PAUSED},
    **{(state, WantedEvent.STOP): _STOPPED for state in Wanted},
    **{
        (state, event): WantedTransition(to, WantedBy.PERSON)
        for state in (Wanted.PAUSED, Wanted.STOPPED)
        for event, to in ((WantedEvent.RESUME, Wanted.RUN), (WantedEvent.REOPEN, Wanted.DRAFT))
    },
    (Wanted.DONE, WantedEvent.PLAN): WantedTransition(Wanted.DRAFT, WantedBy.PERSON),
    (Wanted.DONE, WantedEvent.LATE): WantedTransition(Wanted.RUN, WantedBy.LATE_ANSWER),
}
"""All transitions there are; ``None`` is a ledger that nobody was added to. ``run`` is never wanted without terms."""

NOT_AFTER_A_PERSON: Final = frozenset({(Wanted.STOPPED, WantedEvent.BEGUN), (Wanted.STOPPED, WantedEvent.STOP)})
"""Transitions that only what was stopped by a guard, or by an interruption, can make."""

GUARDED: Final = frozenset({WantedEvent.GUARD, WantedEvent.INTERRUPTED})
"""Events that say which guard it was."""

INTERRUPTED: Final = "interrupted"
"""The guard that stands for whoever left a run, or closed its client or its campaign, before everyone was sent to."""

WORDS: Final = {
    WantedEvent.ADDED: "recipients are added",
    WantedEvent.BEGUN: "a person's program runs it",
    WantedEvent.GUARD: "a guard stops it",
    WantedEvent.INTERRUPTED: "the run is left early",
    WantedEvent.FINISHED: "nobody is planned any more",
    WantedEvent.PAUSE: "pause",
    WantedEvent.STOP: "stop",
    WantedEvent.RESUME: "resume",
    WantedEvent.REOPEN: "resume, before its first run",
    WantedEvent.PLAN: "a person plans some again, or adds more",
    WantedEvent.LATE: "some prove unsent after the end",
}
"""The events for people."""


class ImpossibleWantedTransitionError(ValueError):
    """The table has no such transition."""


def after(state: Wanted | None, event: WantedEvent, *, guard: str = "") -> Wanted:
    """What is wanted after ``event``; ``guard`` is the one that stopped it before, if it was one.

    Raises ``ImpossibleWantedTransitionError`` if there is no such transition.
    """
    transition = TRANSITIONS.get((state, event))
    if transition is None or (not guard and (state, event) in NOT_AFTER_A_PERSON):
        words = f"a campaign that is {state or 'new'} can't move on because of {event.value}"
        raise ImpossibleWantedTransitionError(words)
    return transition.to


def diagram() -> str:
    """The table as a Mermaid state diagram, as docs/campaigns.md shows it: transitions by people, and all others."""
    lines = (
        f"    {state or '[*]'} --> {transition.to}: {WORDS[event]}{_only(state, event)} ({transition.by})"
        for (state, event), transition in TRANSITIONS.items()
    )
    return "\n".join(["stateDiagram-v2", *lines])


def _only(state: Wanted | None, event: WantedEvent) -> str:
    return ", unless a person stopped it" if (state, event) in NOT_AFTER_A_PERSON else ""
