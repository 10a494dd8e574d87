"""The states of a campaign's recipients, and every move from one to another, in one table.

=============  ====================================================  =============================
state          durable when                                          a crash here leads to
=============  ====================================================  =============================
planned        added                                                 sent later
sending        after the grant, before the first byte leaves         unknown
accepted       the answer is recorded                                nothing more
rejected       the answer is recorded                                nothing more
unknown        the answer, or its absence, or a crash is recorded    stays, until a person decides
skipped        added, or the list of suppressed numbers was read     nothing more
=============  ====================================================  =============================

A move that is not in ``MOVES`` raises here, and the ledger's file refuses it as well.
"""

from __future__ import annotations

import enum
from typing import Final

from ..models import Status


class State(enum.StrEnum):
    """The state of a recipient of a campaign; the values are its names in ``counts`` and ``export``."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Event(enum.StrEnum):
    """Why a recipient moves on; the values are the words of the diagram."""

    ADDED = "added"
    REFUSED = "added: repeated, invalid or suppressed"
    LEAVING = "a request is about to leave"
    SUPPRESSED = "the number is suppressed"
    ACCEPTED = "the gateway took the text"
    REJECTED = "the gateway refused it"
    UNANSWERED = "it may have been sent"
    UNSENT = "it provably was not sent"
    CRASHED = "the process ended"
    FOUND_ACCEPTED = "a person found it accepted"
    SEND_AGAIN = "a person wants it sent again"


MOVES: Final[dict[tuple[State | None, Event], State]] = {
    (None, Event.ADDED): State.PLANNED,
    (None, Event.REFUSED): State.SKIPPED,
    (State.PLANNED, Event.LEAVING): State.SENDING,
    (State.PLANNED, Event.SUPPRESSED): State.SKIPPED,
    (State.SENDING, Event.ACCEPTED): State.ACCEPTED,
    (State.SENDING, Event.REJECTED): State.REJECTED,
    (State.SENDING, Event.UNANSWERED): State.UNKNOWN,
    (State.SENDING, Event.UNSENT): State.PLANNED,
    (State.SENDING, Event.CRASHED): State.UNKNOWN,
    (State.REJECTED, Event.SEND_AGAIN): State.PLANNED,
    (State.UNKNOWN, Event.SEND_AGAIN): State.PLANNED,
    (State.UNKNOWN, Event.FOUND_ACCEPTED): State.ACCEPTED,
}
"""All moves there are; ``None`` is a recipient that is being added."""

ANSWERS: Final = {
    Status.ACCEPTED: Event.ACCEPTED,
    Status.REJECTED: Event.REJECTED,
    Status.UNKNOWN: Event.UNANSWERED,
    Status.UNSENT: Event.UNSENT,
}
"""What an attempt's outcome does to a recipient that is being sent to."""

STATUSES: Final = {
    State.PLANNED: Status.UNSENT,
    State.SENDING: Status.UNKNOWN,
    State.ACCEPTED: Status.ACCEPTED,
    State.REJECTED: Status.REJECTED,
    State.UNKNOWN: Status.UNKNOWN,
    State.SKIPPED: Status.UNSENT,
}
"""A state as the status of an ``Outcome``."""


class ImpossibleMoveError(ValueError):
    """The table has no such move."""


def after(state: State | None, event: Event) -> State:
    """The state that ``event`` leads to from ``state``; raises ``ImpossibleMoveError`` if there is no such move."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise ImpossibleMoveError(f"a recipient that is {state or 'new'} can't move on because {event.value}") from None


def sources(event: Event) -> tuple[State, ...]:
    """The states that ``event`` can happen in."""
    return tuple(state for state, why in MOVES if why is event and state is not None)


SAYS: Final = {State.ACCEPTED: Event.FOUND_ACCEPTED, State.PLANNED: Event.SEND_AGAIN}
"""What a person may say of a recipient, by the state that it leads to."""


def diagram() -> str:
    """The table as a Mermaid state diagram, as docs/campaigns.md shows it."""
    moves = (f"    {state or '[*]'} --> {to}: {event.value}" for (state, event), to in MOVES.items())
    return "\n".join(["stateDiagram-v2", *moves])
