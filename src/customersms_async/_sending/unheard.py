"""Outcomes that nobody waited for, told to the log: a line of information on each, and a warning that sums them up."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, final

from .._core.phone import mask
from .._core.plural import counted
from .._runtime import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..models import Outcome

_NAME = re.compile(r"[\w.:-]{1,64}", re.ASCII)


@final
class Unheard:
    """Outcomes of one send that nobody waited for. Mutable state: how many of each status are not summed up yet."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[str] | None = None  # there is one of these for each bulk send, and hardly any is used

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """Log each outcome, so that it can be found somewhere."""
        for o in outcomes:
            self._counts = Counter() if self._counts is None else self._counts
            self._counts[o.status.value] += 1
            log.info("nobody waited for the text to %s: it is %s (%s)", mask(o.phone), o.status, _name(o))

    def sum_up(self) -> None:
        """Warn of all outcomes that were noted since the last warning, if there are any."""
        if self._counts:
            counts, self._counts = self._counts, None
            all_of_them = ", ".join(f"{n} {s}" for s, n in counts.items())
            log.warning("nobody waited for %s: %s", counted(counts.total(), "outcome"), all_of_them)


def log_unheard(outcomes: Iterable[Outcome]) -> None:
    """Log the outcomes of a send that nobody waited for; no more of them will come."""
    unheard = Unheard()
    unheard.note(outcomes)
    unheard.sum_up()


def _name(outcome: Outcome) -> str:
    """The gateway's id of the text, or why there is none, if it is a name and no words that might quote something."""
    name = outcome.message_id or outcome.code or ""
    return name.replace(outcome.phone.lstrip("+"), "***") if _NAME.fullmatch(name) else "no id"
