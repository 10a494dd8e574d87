"""The options of one call of ``send``, ``send_many``, ``stream`` or ``estimate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from .._core.failure_guards import NO_GUARDS, FailureGuards
from .._core.intake import Intake

if TYPE_CHECKING:
    from ..models import Priority


class CallRules(msgspec.Struct, frozen=True, gc=False):
    """What only a call says, and no client.

    ``guards`` are those of a bulk send; a single send, an estimate and a campaign, which has its own, go without.
    ``one_per_number``: a number's further texts are repeats, whatever they say. ``idempotency_key`` is that of all its
    texts together. ``ignore_suppression``: a suppressed number is texted all the same.
    """

    guards: FailureGuards = NO_GUARDS
    one_per_number: bool = False
    idempotency_key: str | None = None
    ignore_suppression: bool = False


NO_RULES: Final = CallRules()


def rules_of_one(idempotency_key: str | None, *, ignore_suppression: bool) -> CallRules:
    """What a single send says of itself: mostly nothing, which is the same object each time."""
    if idempotency_key is None and not ignore_suppression:
        return NO_RULES
    return CallRules(idempotency_key=idempotency_key, ignore_suppression=ignore_suppression)


class SendOptions(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The options of one call: the client's own, unless the call says otherwise.

    ``reads_all`` is how ``send_many`` differs from ``stream``: a repeat is known over the whole input, ``max_wait``
    counts from the call, and every input gets an outcome even when nothing more can go out. ``keeps_keys``: there is a
    store for idempotency keys.
    """

    priority: Priority
    batch_size: int
    max_wait: float | None
    timeout: float
    max_concurrency: int
    reads_all: bool
    rules: CallRules
    keeps_keys: bool

    @property
    def lookahead(self) -> int:
        """How many messages are read ahead, to find those with the same text and those that come again."""
        return self.batch_size * self.max_concurrency

    def expires(self, since: float) -> float | None:
        """The end of ``max_wait`` for a text that waits since ``since``, in loop time; ``None``: there is none."""
        return None if self.max_wait is None else since + self.max_wait

    def intake(self, message: str | None) -> Intake:
        """The judge of the recipients of this call; ``message`` is for those that bring none of their own."""
        remember = None if self.reads_all else self.lookahead
        return Intake(
            message,
            self.batch_size,
            self.lookahead,
            remember,
            one_per_number=self.rules.one_per_number,
            keeps_keys=self.keeps_keys,
        )
