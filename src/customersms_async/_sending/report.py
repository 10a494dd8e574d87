"""The report of a bulk send, made when its last outcome has come."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from ..models import Code, SendReport, Status
from .failures import stop_failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._core.failure_guards import GuardStop
    from ..models import Outcome
    from .bulk import BulkSend


async def wait_for_report(send: BulkSend) -> SendReport:
    """Wait until ``send`` is over, and give its outcomes in input order.

    Raises ``AuthenticationError`` and ``InsufficientCreditsError`` with the report, or the error that ended the send,
    after logging the outcomes. A cancelled call leaves the send: nothing new goes out, and the outcomes are logged.
    """
    queue = send.queue
    outcomes: tuple[Outcome, ...] = ()
    try:
        await queue.wait_for_all()
        in_order = sorted(queue.outcomes, key=attrgetter("index")) if queue.arrivals > 1 else queue.outcomes
        outcomes = tuple(in_order)
        stopped_by = _stopped_by(send.deliveries.guard_stop, outcomes)
        report = SendReport(outcomes, send.deliveries.requests, send.deliveries.account.remaining, stopped_by)
        if send.deliveries.fatal is None and send.error is not None:
            raise send.error
        queue.outcomes.clear()
        if send.deliveries.fatal is None:
            return report
    except BaseException:
        if not queue.outcomes:  # a signal's handler has raised in the lines above
            queue.give_back(outcomes)
        queue.leave()
        raise
    unsent = (outcome for outcome in outcomes if outcome.status is Status.UNSENT)
    raise stop_failure(send.deliveries.fatal, unsent, report)


def _stopped_by(guard_stop: GuardStop | None, outcomes: Iterable[Outcome]) -> str | None:
    """The guard that kept texts back; ``None`` if all of them were on their way when it was reached."""
    if guard_stop is None or not any(o.status is Status.UNSENT and o.code == Code.STOPPED for o in outcomes):
        return None
    return guard_stop.guard
