"""What a campaign's run does about recipients who were left unsent, by the code of their outcomes, in one table."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple

from ..models import Code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..models import Outcome


class UnsentStep(enum.Enum):
    """The next step for recipients who were left unsent, the gravest last; the values are the words of the docs."""

    SKIP = "skipped, with the code; the others of the request go on"
    AGAIN = "planned, and sent to next"
    PAUSE = "planned; the run waits as for an outage"
    STOP = "planned; the run ends"


class UnsentRule(NamedTuple):
    """One line of the table; ``why`` is for people."""

    next: UnsentStep
    why: str


UNSENT: Final[dict[str, UnsentRule]] = {
    Code.CAPPED: UnsentRule(UnsentStep.SKIP, "one of the client's `caps` has no room for the text"),
    Code.SUPPRESSED: UnsentRule(UnsentStep.SKIP, "the client's `suppression` has the number"),
    Code.EXPIRED: UnsentRule(UnsentStep.SKIP, "the time until which the text makes sense is over"),
    Code.NO_ZONE: UnsentRule(UnsentStep.SKIP, "it has hours, and no time zone is known for the number"),
    Code.STOPPED: UnsentRule(UnsentStep.AGAIN, "its request was held back for others in it, or the run is ending"),
    Code.CONNECTION_FAILED: UnsentRule(UnsentStep.PAUSE, "out of reach (that ends the run if it never answered)"),
    Code.RATE_LIMITED: UnsentRule(UnsentStep.PAUSE, "the gateway says that the key has sent too much"),
    Code.QUOTA_EXCEEDED: UnsentRule(
        UnsentStep.PAUSE, "the quota makes it wait beyond `max_wait`, which runs do without"
    ),
    Code.CERTIFICATE_REFUSED: UnsentRule(UnsentStep.STOP, "somebody else answers at the gateway's address"),
    Code.INVALID_API_KEY: UnsentRule(UnsentStep.STOP, "nothing more can go out with this key"),
    Code.INSUFFICIENT_CREDITS: UnsentRule(UnsentStep.STOP, "nothing more can go out on this account"),
}
"""All codes that a request of a campaign leaves recipients unsent with."""


def next_of(code: str | None) -> UnsentStep:
    """The next step for who was left unsent with ``code``; for one that nobody has thought of, the run ends."""
    rule = UNSENT.get(code or "")
    return UnsentStep.STOP if rule is None else rule.next


def gravest(unsent: Iterable[Outcome]) -> Outcome:
    """The outcome whose next step is the one to take for all of these, of which there is one at least."""
    order = list(UnsentStep)
    return max(unsent, key=lambda outcome: order.index(next_of(outcome.code)))


def markdown() -> str:
    """The table in Markdown, as docs/campaigns.md shows it."""
    rows = (f"| {code} | {rule.why} | {rule.next.value} |" for code, rule in UNSENT.items())
    return "\n".join(["| unsent with code | as | the recipient is |", "|---|---|---|", *rows])
