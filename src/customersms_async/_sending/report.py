"""The report of a bulk send, made when its last outcome has come."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from ..models import SendReport, Status
from .failures import stop_failure
from .unheard import log_unheard

if TYPE_CHECKING:
    from .._core.credits import Credits
    from ..models import Outcome
    from .bulk import BulkSend


async def wait_for_report(send: BulkSend, key_credits: Credits) -> SendReport:
    """Wait until ``send`` is over, and give its outcomes in input order.

    Raises ``AuthenticationError`` and ``InsufficientCreditsError`` with the report, or the error that ended the send,
    after logging the outcomes. A cancelled call leaves the send: nothing new goes out, and the outcomes are logged.
    """
    outcomes: list[Outcome] = []
    try:
        while await send.queue.wait():
            outcomes += send.take_all()
    except BaseException:
        send.queue.give_back(outcomes)
        send.queue.leave()
        raise
    if send.queue.arrivals > 1:
        outcomes.sort(key=attrgetter("index"))
    report = SendReport(tuple(outcomes), send.deliveries.requests, key_credits.remaining)
    if send.deliveries.fatal is not None:
        unsent = (outcome for outcome in outcomes if outcome.status is Status.UNSENT)
        raise stop_failure(send.deliveries.fatal, unsent, report)
    if send.error is not None:
        log_unheard(outcomes)
        raise send.error
    return report
