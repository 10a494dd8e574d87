"""The states of an idempotency key, and every transition from one to another, in one table.

===========  ====================================================  ================================
state        durable when                                          the next call with this key
===========  ====================================================  ================================
free         nothing left under it, or nobody knows it (any more)  claims it, and sends
claimed      after the grant, before the first byte leaves         waits
interrupted  the claim's time was over without an answer           ends as unknown
unknown      the answer, or its absence, is recorded               ends as unknown
rejected     the answer is recorded                                ends as rejected
accepted     the answer is recorded, or a person said so           ends as accepted
===========  ====================================================  ================================

A transition that is not in ``TRANSITIONS`` changes nothing: whoever asked for it was too late, or is somebody else.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from ..models import Status


class KeyState(enum.IntEnum):
    """The state of an idempotency key; the values are what stores keep.

    Example:
        ```python
        print([state.name for state in KeyState if state > KeyState.CLAIMED])
        ```
    """

    FREE = 0
    CLAIMED = 1
    INTERRUPTED = 2
    UNKNOWN = 3
    REJECTED = 4
    ACCEPTED = 5


class KeyEvent(enum.StrEnum):
    """What moves an idempotency key to its next state; the values say it in the words of docs/idempotency.md.

    Example:
        ```python
        print(KeyEvent.LAPSED)  # five seconds past the deadline
        ```
    """

    CLAIMED = "a request is about to leave"
    ACCEPTED = "the gateway took the text"
    REJECTED = "the gateway refused it"
    UNANSWERED = "it may have been sent"
    UNSENT = "it provably was not sent"
    LAPSED = "five seconds past the deadline"
    FOUND_ACCEPTED = "a person found it accepted"
    FOUND_UNSENT = "a person found it unsent"
    FORGOTTEN = "kept for long enough"


class Mover(enum.Enum):
    """Who may move a key on: anybody, the claim that it has now, the store's clock, or a person."""

    ANYBODY = "anybody"
    HOLDER = "holder"
    CLOCK = "clock"
    PERSON = "person"


class KeyTransition(NamedTuple):
    """One transition: where it leads to, and who may make it."""

    to: KeyState
    by: Mover


_ANSWERED: Final = {
    KeyEvent.ACCEPTED: KeyState.ACCEPTED,
    KeyEvent.REJECTED: KeyState.REJECTED,
    KeyEvent.UNANSWERED: KeyState.UNKNOWN,
    KeyEvent.UNSENT: KeyState.FREE,
}
_OPEN: Final = (KeyState.CLAIMED, KeyState.INTERRUPTED)
UNSURE: Final = (KeyState.INTERRUPTED, KeyState.UNKNOWN)
"""The states of a text that may have been sent, for a person to decide about."""

_ENDED: Final = (*UNSURE, KeyState.REJECTED, KeyState.ACCEPTED)

TRANSITIONS: Final[dict[tuple[KeyState, KeyEvent], KeyTransition]] = {
    (KeyState.FREE, KeyEvent.CLAIMED): KeyTransition(KeyState.CLAIMED, Mover.ANYBODY),
    **{(state, why): KeyTransition(to, Mover.HOLDER) for state in _OPEN for why, to in _ANSWERED.items()},
    (KeyState.CLAIMED, KeyEvent.LAPSED): KeyTransition(KeyState.INTERRUPTED, Mover.CLOCK),
    **{(state, KeyEvent.FOUND_ACCEPTED): KeyTransition(KeyState.ACCEPTED, Mover.PERSON) for state in UNSURE},
    **{(state, KeyEvent.FOUND_UNSENT): KeyTransition(KeyState.FREE, Mover.PERSON) for state in UNSURE},
    **{(state, KeyEvent.FORGOTTEN): KeyTransition(KeyState.FREE, Mover.CLOCK) for state in _ENDED},
}
"""All transitions there are."""

ANSWERS: Final = {
    Status.ACCEPTED: KeyEvent.ACCEPTED,
    Status.REJECTED: KeyEvent.REJECTED,
    Status.UNKNOWN: KeyEvent.UNANSWERED,
    Status.UNSENT: KeyEvent.UNSENT,
}
"""What an attempt's outcome does to the key that its claim holds."""

STATUSES: Final = {
    KeyState.INTERRUPTED: Status.UNKNOWN,
    KeyState.UNKNOWN: Status.UNKNOWN,
    KeyState.REJECTED: Status.REJECTED,
    KeyState.ACCEPTED: Status.ACCEPTED,
}
"""The status that a call ends with which finds its key in one of these states; in the others it claims, or waits."""

SAYS: Final = {"accepted": KeyEvent.FOUND_ACCEPTED, "unsent": KeyEvent.FOUND_UNSENT}
"""What a person may say of a key whose text may have been sent."""

SAID: Final = {KeyEvent.FOUND_ACCEPTED: KeyState.ACCEPTED, KeyEvent.FOUND_UNSENT: KeyState.FREE}
"""The state of a key about which a person has said so."""


def diagram() -> str:
    """The table as a Mermaid state diagram, as docs/idempotency.md shows it."""
    lines = (f"    {state.name} --> {to.name}: {why.value}" for (state, why), (to, _) in TRANSITIONS.items())
    return "\n".join(["stateDiagram-v2", *lines])
