"""One text to one number, whose caller waits for that single request and hears by errors what went wrong."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .._admission.ticket import Ticket
from .._core import phone as phones
from .._core.batching import Batch
from .._core.intake import message_problem
from ..errors import ConfigurationError
from ..models import Status
from .delivery import deliver
from .failures import single_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ..models import Outcome
    from .delivery import Delivery
    from .send_options import SendOptions
    from .sender import Sender
    from .session import Session


async def send_one(session: Session, phone: str, message: str, options: SendOptions) -> Outcome:
    """Send one text to one number, and give its outcome if it was accepted; everything else is raised.

    Raises what ``AsyncClient.send`` documents. A cancelled call sends nothing, unless the first byte may be out.
    """
    number = phones.parse(phone)
    problem = message_problem(message)
    if problem is not None:
        raise ConfigurationError(problem)
    sender = session.open()
    expires = None if options.max_wait is None else options.expires(sender.room.loop.time())
    ticket = Ticket(options.priority, expires)
    session.enter(ticket)
    try:
        delivery = await _delivering(sender, number, message, ticket, options)
    finally:
        session.leave(ticket)
    if delivery.error is not None:
        raise delivery.error
    (outcome,) = delivery.outcomes
    if outcome.status is not Status.ACCEPTED:
        raise single_failure(outcome, delivery)
    return outcome


def _delivering(
    sender: Sender, number: str, message: str, ticket: Ticket, options: SendOptions
) -> Coroutine[Any, Any, Delivery]:
    """The delivery of one text, with what is to be checked before; a key is the text's own, as that of a Message."""
    key, ignores = options.rules.idempotency_key, options.rules.ignore_suppression
    batch = Batch(message, [number], [0]) if key is None else Batch(message, [number], [0], {0: key})
    if not sender.checking.concerns(has_keys=key is not None, ignore_suppression=ignores):
        return deliver(sender, batch, ticket, timeout=options.timeout)
    return _checked()(sender, batch, ticket, timeout=options.timeout, ignore_suppression=ignores)


@cache
def _checked() -> Callable[..., Coroutine[Any, Any, Delivery]]:
    from .checked_delivery import deliver_checked  # few need it

    return deliver_checked
