"""Outcomes in the log: those that nobody waited for, and those of texts that may have been sent.

Of what nobody waited for there is a line of information on each, and a warning that sums them up.
"""

from __future__ import annotations

import re
from collections import Counter
from contextvars import copy_context
from typing import TYPE_CHECKING, final

from .._core.phone import mask
from .._core.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._runtime.log import KeyLog
    from ..models import Outcome, Priority
    from .sender import Sender

_NAME = re.compile(r"[\w.:-]{1,64}", re.ASCII)


@final
class UnawaitedOutcomes:
    """Outcomes of one send that nobody waited for.

    Whoever notes them may be anybody, such as the garbage collector; the lines have the context variables of where this
    was made. Mutable state: how many of each status are not summed up yet.
    """

    __slots__ = ("_context", "_counts", "_log")

    def __init__(self, log: KeyLog) -> None:
        self._log = log
        self._context = copy_context()
        self._counts: Counter[str] | None = None  # there is one of these for each bulk send, and hardly any is used

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """Log each outcome, so that it can be found somewhere."""
        self._context.copy().run(self._note, outcomes)  # a copy, as a log's handler may lead here again

    def sum_up(self) -> None:
        """Warn of all outcomes that were noted since the last warning, if there are any."""
        if self._counts:
            self._context.copy().run(self._sum_up, self._counts)

    def _note(self, outcomes: Iterable[Outcome]) -> None:
        for o in outcomes:
            self._counts = Counter() if self._counts is None else self._counts
            self._counts[o.status.value] += 1
            phone, status, name = mask(o.phone), o.status, _name(o)
            message = "nobody waited for the text to %s: it is %s (%s)"
            self._log.info("unheard", message, phone, status, name, phone=phone, status=status.value, id=name)

    def _sum_up(self, counts: Counter[str]) -> None:
        self._counts = None
        all_of_them = ", ".join(f"{n} {s}" for s, n in counts.items())
        self._log.warning(
            "unheard_in_all", "nobody waited for %s: %s", counted(counts.total(), "outcome"), all_of_them, **counts
        )


def log_unawaited(outcomes: Iterable[Outcome], log: KeyLog) -> None:
    """Log the outcomes of a send that nobody waited for; no more of them will come."""
    unheard = UnawaitedOutcomes(log)
    unheard.note(outcomes)
    unheard.sum_up()


def tell_unawaited(outcomes: Sequence[Outcome], sender: Sender, priority: Priority) -> None:
    """Log the outcomes of a single send that nobody waited for, and tell those who look on, whom nobody else tells."""
    log_unawaited(outcomes, sender.log)
    if sender.announcer is not None:
        sender.announcer.outcomes(sender, priority, outcomes)


def log_unknown(unknown: Sequence[Outcome], status_code: int | None, log: KeyLog, *, stopped: bool) -> None:
    """Log the texts of one request that may have been sent, one or more; ``status_code`` is that of its answer.

    ``stopped``: of a send that was stopped all outcomes are told or summed up together, so this is no warning.
    """
    texts = len(unknown)
    some = ", ".join(mask(o.phone) for o in unknown[:5]) + (", …" if texts > 5 else "")
    why = unknown[0].error
    if status_code is not None:  # the gateway's own words might quote a number, or the text
        why = f"the answer, HTTP status {status_code}, does not say whether it was"
    tell_log = log.info if stopped else log.warning
    message = "%s may have been sent: %s (to %s); find out before sending it again"
    tell_log("unknown", message, counted(texts, "text"), why, some, texts=texts, status_code=status_code)


def log_not_told(log: KeyLog, error: Exception) -> None:
    """Log that the quota's store has not heard of an answer, which is told all the same."""
    log.warning("store_not_told", "the quota store could not be told of an answer: %s", error)


def _name(outcome: Outcome) -> str:
    """The gateway's id of the text, or why there is none, if it is a name and no words that might quote something."""
    name = outcome.message_id or outcome.code or ""
    return name.replace(outcome.phone.lstrip("+"), "***") if _NAME.fullmatch(name) else "no id"
