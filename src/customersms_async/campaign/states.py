"""The states of a campaign's recipients, and every transition from one to another, in one table.

=============  ====================================================  ====================================
state          durable when                                          a crash here leads to
=============  ====================================================  ====================================
planned        added                                                 sent later
sending        after the grant, before the first byte leaves         unknown
accepted       the answer is recorded                                nothing more
rejected       the answer is recorded                                nothing more
unknown        the answer, or its absence, or a crash is recorded    stays, until a person decides, or a
                                                                     late answer proves something
skipped        added, or found suppressed, or a cap is reached, or   nothing more
               its time ran out, or its time zone is unknown
=============  ====================================================  ====================================

A transition that is not in ``TRANSITIONS`` raises here, and the ledger's file refuses it as well. Of those who are
skipped, a person may plan those alone for whom a cap had no room, whose time ran out, or of whom no time zone was
known.

A late answer is one of an attempt whose process was taken for dead (code INTERRUPTED): what it proves counts, as long
as that attempt is the recipient's last. It beats a person who has the recipient planned again, where it proves that the
text was accepted.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple

from ..models import Code, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class State(enum.StrEnum):
    """The state of a recipient of a campaign; the values are its names in ``counts`` and ``export``."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class RecipientEvent(enum.StrEnum):
    """Why a recipient moves on; the values are the words of the diagram."""

    ADDED = "added"
    REFUSED = "added: repeated, invalid or suppressed"
    LEAVING = "a request is about to leave"
    SUPPRESSED = "the number is suppressed"
    CAPPED = "a cap is reached"
    EXPIRED = "its time ran out"
    NO_ZONE = "no time zone is known for it"
    ACCEPTED = "the gateway took the text"
    REJECTED = "the gateway refused it"
    UNANSWERED = "it may have been sent"
    UNSENT = "it provably was not sent"
    CRASHED = "the process ended"
    LATE_ACCEPTED = "a late answer: the gateway took the text"
    LATE_REJECTED = "a late answer: the gateway refused it"
    LATE_UNSENT = "a late answer: it provably was not sent"
    FOUND_ACCEPTED = "a person found it accepted"
    SEND_AGAIN = "a person wants it sent again"
    SEND_LATER = "a person wants it sent after all, if it is skipped for a cap, its time or its zone"


TRANSITIONS: Final[dict[tuple[State | None, RecipientEvent], State]] = {
    (None, RecipientEvent.ADDED): State.PLANNED,
    (None, RecipientEvent.REFUSED): State.SKIPPED,
    (State.PLANNED, RecipientEvent.LEAVING): State.SENDING,
    (State.PLANNED, RecipientEvent.SUPPRESSED): State.SKIPPED,
    (State.PLANNED, RecipientEvent.CAPPED): State.SKIPPED,
    (State.PLANNED, RecipientEvent.EXPIRED): State.SKIPPED,
    (State.PLANNED, RecipientEvent.NO_ZONE): State.SKIPPED,
    (State.SENDING, RecipientEvent.ACCEPTED): State.ACCEPTED,
    (State.SENDING, RecipientEvent.REJECTED): State.REJECTED,
    (State.SENDING, RecipientEvent.UNANSWERED): State.UNKNOWN,
    (State.SENDING, RecipientEvent.UNSENT): State.PLANNED,
    (State.SENDING, RecipientEvent.CRASHED): State.UNKNOWN,
    (State.UNKNOWN, RecipientEvent.LATE_ACCEPTED): State.ACCEPTED,
    (State.UNKNOWN, RecipientEvent.LATE_REJECTED): State.REJECTED,
    (State.UNKNOWN, RecipientEvent.LATE_UNSENT): State.PLANNED,
    (State.PLANNED, RecipientEvent.LATE_ACCEPTED): State.ACCEPTED,
    (State.REJECTED, RecipientEvent.SEND_AGAIN): State.PLANNED,
    (State.UNKNOWN, RecipientEvent.SEND_AGAIN): State.PLANNED,
    (State.UNKNOWN, RecipientEvent.FOUND_ACCEPTED): State.ACCEPTED,
    (State.SKIPPED, RecipientEvent.SEND_LATER): State.PLANNED,
}
"""All transitions there are; ``None`` is a recipient that is being added."""

ONLY_WITH_CODE: Final[Mapping[tuple[State, State], tuple[Code, ...]]] = {
    (State.SKIPPED, State.PLANNED): (Code.CAPPED, Code.EXPIRED, Code.NO_ZONE),
    (State.UNKNOWN, State.REJECTED): (Code.INTERRUPTED,),
}
"""Transitions that no recipient makes but those with one of these codes."""

ONLY_AFTER_AN_ATTEMPT: Final = frozenset({(State.PLANNED, State.ACCEPTED)})
"""Transitions that no recipient makes whom no request was ever about to reach."""

SKIPS: Final = {
    Code.SUPPRESSED: RecipientEvent.SUPPRESSED,
    Code.CAPPED: RecipientEvent.CAPPED,
    Code.EXPIRED: RecipientEvent.EXPIRED,
    Code.NO_ZONE: RecipientEvent.NO_ZONE,
}
"""Why a run skips a recipient that it was not allowed to send to, by the outcome's code."""

ANSWERS: Final = {
    Status.ACCEPTED: RecipientEvent.ACCEPTED,
    Status.REJECTED: RecipientEvent.REJECTED,
    Status.UNKNOWN: RecipientEvent.UNANSWERED,
    Status.UNSENT: RecipientEvent.UNSENT,
}
"""What an attempt's outcome does to a recipient that is being sent to."""

LATE: Final = {
    Status.ACCEPTED: RecipientEvent.LATE_ACCEPTED,
    Status.REJECTED: RecipientEvent.LATE_REJECTED,
    Status.UNSENT: RecipientEvent.LATE_UNSENT,
}
"""What a late answer does to a recipient that was made unknown meanwhile; one that is unknown itself proves nothing."""

STATUSES: Final = {
    State.PLANNED: Status.UNSENT,
    State.SENDING: Status.UNKNOWN,
    State.ACCEPTED: Status.ACCEPTED,
    State.REJECTED: Status.REJECTED,
    State.UNKNOWN: Status.UNKNOWN,
    State.SKIPPED: Status.UNSENT,
}
"""A state as the status of an ``Outcome``."""


class ImpossibleTransitionError(ValueError):
    """The table has no such transition."""


def after(state: State | None, event: RecipientEvent) -> State:
    """The state that ``event`` leads to from ``state``; raises ``ImpossibleTransitionError`` if there is none."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        words = f"a recipient that is {state or 'new'} can't move on because {event.value}"
        raise ImpossibleTransitionError(words) from None


def late(state: State, code: str | None, status: Status) -> RecipientEvent | None:
    """What the late answer of a recipient's last attempt does to it, by its state and code now; ``None``: nothing.

    Only of an attempt that has no answer yet, and is not being sent any more as far as its ledger knows.
    """
    if state is State.UNKNOWN and code == Code.INTERRUPTED:
        return LATE.get(status)
    if state is State.PLANNED and status is Status.ACCEPTED:
        return RecipientEvent.LATE_ACCEPTED
    return None


class Choice(NamedTuple):
    """Recipients of whom a person may say what became of them: those in ``state``, with ``code`` if it is not empty."""

    state: State
    code: str
    event: RecipientEvent


SAYS: Final[Mapping[State, Mapping[str, Choice]]] = {
    State.ACCEPTED: {"unknown": Choice(State.UNKNOWN, "", RecipientEvent.FOUND_ACCEPTED)},
    State.PLANNED: {
        "rejected": Choice(State.REJECTED, "", RecipientEvent.SEND_AGAIN),
        "unknown": Choice(State.UNKNOWN, "", RecipientEvent.SEND_AGAIN),
        **{
            code.lower(): Choice(State.SKIPPED, code, RecipientEvent.SEND_LATER)
            for code in ONLY_WITH_CODE[State.SKIPPED, State.PLANNED]
        },
    },
}
"""What a person may say of recipients, by the state that it leads to: of whom, by the words for them."""


def chosen(becomes: State, who: str, codes: Collection[str] = ()) -> list[Choice]:
    """The recipients called ``who``, which may be a state, with one of ``codes``, as far as they can become that.

    Without ``codes``: with any. Empty if none of them can.
    """
    says = SAYS.get(becomes, {})
    found = [says[who]] if who in says else [choice for choice in says.values() if choice.state.value == who]
    if not codes:
        return found
    return [choice._replace(code=code) for choice in found for code in codes if choice.code in ("", code)]


def diagram() -> str:
    """The table as a Mermaid state diagram, as docs/campaigns.md shows it."""
    lines = (f"    {state or '[*]'} --> {to}: {event.value}" for (state, event), to in TRANSITIONS.items())
    return "\n".join(["stateDiagram-v2", *lines])
