"""The one seam that every way of sending goes through: a batch in, an outcome for each of its numbers out."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import msgspec

from .._admission.ticket import Expired, Stopped, Ticket
from .._core.backoff import next_try_us
from .._core.outcome_table import NextStep
from .._core.outcomes import dropped, everyone
from .._core.rulings import Ruling
from .._runtime import log
from ..models import Code, Outcome, Status
from .attempt import attempt
from .outcome_log import log_unawaited
from .request import OF_A_SINGLE_SEND, AttemptOptions

if TYPE_CHECKING:
    from .._core.batching import Batch
    from .request import Hook, Record
    from .sender import Sender

SECONDS_PER_NUMBER = 0.5
"""Seconds that each further number of a batch adds to the time that an attempt may take."""


def seconds_for(timeout: float, numbers: int) -> float:
    """How long an attempt at so many numbers may take, if ``timeout`` (seconds) is that of one with one number."""
    return timeout + SECONDS_PER_NUMBER * (numbers - 1)


class Delivery(msgspec.Struct):
    """One batch after all attempts at it: an outcome for each number, in no particular order.

    ``requests`` is how many may have reached the gateway; ``fatal`` the code that makes every further one pointless,
    and ``refusal`` what the gateway said then.
    ``error`` is the hook's or the quota store's: what it kept from being sent is UNSENT. ``retry_after`` (seconds)
    belongs to QUOTA_EXCEEDED, CAPPED and RATE_LIMITED, and is the wait that really applies: after a 429, the key's
    pause. ``cap`` is the option of the cap that was reached.
    ``status_code`` belongs to the last answer. ``key_name`` is what errors call the key.
    """

    outcomes: list[Outcome]
    requests: int = 0
    fatal: Code | None = None
    refusal: str | None = None
    error: Exception | None = None
    retry_after: float = 0.0
    cap: str = ""
    status_code: int | None = None
    key_name: str = ""


async def deliver(
    sender: Sender,
    batch: Batch,
    ticket: Ticket,
    *,
    timeout: float,
    before_first_byte: Hook | None = None,
    after_attempt: Record | None = None,
    in_own_task: bool = False,
    is_part: bool = False,
) -> Delivery:
    """Send ``batch`` and say what became of it. ``timeout`` (seconds) is an attempt's with one number.

    ``before_first_byte`` is awaited between the grant and the first byte of every attempt; if it raises, nothing
    leaves and the grant is given back. ``after_attempt`` is awaited with the ruling of every attempt, even if the call
    was cancelled. Both concern an attempt's own numbers, as a batch may go out in parts. Numbers that were not sent to
    when the ticket is stopped are UNSENT with the ticket's code. ``in_own_task``: the task that awaits this is the
    client's own, and nobody cancels it; else each request gets one, which costs some more. ``is_part``: whoever asks
    tells those who look on what became of the texts.

    Raises nothing. A cancelled call sends nothing more; a request that has begun to leave runs to its deadline, is
    recorded, and logged.
    """
    done, options = Delivery([], key_name=sender.log.name), OF_A_SINGLE_SEND
    if in_own_task or before_first_byte is not None or after_attempt is not None:
        options = AttemptOptions(before_first_byte, after_attempt, in_own_task)
    parts: tuple[Batch, ...] = (batch,)  # the collector has nothing to do with these: thousands may wait here
    while parts:
        part = parts[0]
        if len(part.phones) > 1:  # a single number can't be cut
            parts = (*sender.sizes.fit(part), *parts[1:])
            part = parts[0]
        try:
            ruling = await _try(sender, part, ticket, timeout, options, done)
        except Stopped:
            _drop(parts, done, ticket.stopped)
            break
        except (asyncio.CancelledError, GeneratorExit):
            log_unawaited(done.outcomes, sender.log)
            raise
        except Exception as error:  # noqa: BLE001 - of the hook or the store; the outcomes so far must not be lost
            done.error = error
            _drop(parts, done, Code.STOPPED)
            break
        parts = parts[1:]
        if ruling.then is NextStep.HALVE:
            parts = (*sender.sizes.halve(part), *parts)
            continue
        done.outcomes += ruling.outcomes
        if ruling.fatal is not None:
            done.fatal = ruling.fatal
            done.refusal = _words_of(ruling.outcomes, ruling.fatal)
            if ruling.fatal is Code.INVALID_API_KEY:
                sender.refuse_key()
            _drop(parts, done, ruling.fatal)
            break
    if sender.announcer is not None and not (in_own_task or is_part):  # else the queue of a bulk send or campaign tells
        sender.announcer.outcomes(sender, ticket.priority, done.outcomes)
    return done


def _words_of(outcomes: list[Outcome], code: Code) -> str | None:
    """The gateway's words with this code."""
    return next((o.error for o in outcomes if o.code == code), None)


async def _try(
    sender: Sender, part: Batch, ticket: Ticket, timeout: float, options: AttemptOptions, done: Delivery
) -> Ruling:
    """Try until nothing more is to be tried for these texts as they are."""
    timeout = seconds_for(timeout, len(part.phones))
    ruling: Ruling | None = None
    number = 0
    while True:
        number += 1
        try:
            ruling, sent = await attempt(sender, part, ticket, timeout, options, number)
        except Expired as expired:
            done.retry_after = expired.wait_us / 1e6
            return ruling or Ruling(everyone(part, Status.UNSENT, Code.QUOTA_EXCEEDED, _too_late(expired)))
        done.requests += sent
        done.status_code = ruling.status_code
        done.retry_after = sender.terms.pause_us(ruling.retry_after) / 1e6 if ruling.limited else 0.0
        if ruling.then is NextStep.DONE:
            return ruling
        delay_us = next_try_us(ruling.then, number, sender.options.max_retries, random.random())  # noqa: S311 - no secret
        if delay_us is None:
            return ruling
        if log.shows_debug():
            _log_retry(sender, ruling, number, delay_us / 1e6)
        if sender.announcer is not None:
            sender.announcer.retry(sender, number, delay_us / 1e6, ruling.outcomes[0].code)
        if delay_us:
            await ticket.sleep(delay_us / 1e6)


def _log_retry(sender: Sender, ruling: Ruling, number: int, seconds: float) -> None:
    first = ruling.outcomes[0]
    why = f"HTTP status {ruling.status_code}" if ruling.status_code is not None else first.error
    when = f"in {seconds:.1f} s" if seconds else "when it is let in again"
    message = "attempt %d failed, and the next comes %s: %s"
    sender.log.debug("retry", message, number, when, why, attempt=number, seconds=seconds, code=first.code)


def _too_late(expired: Expired) -> str:
    if expired.outage is not None:
        return f"the quota store could not be asked within max_wait: {expired.outage}"
    if expired.wait_us:
        whose = "pace" if expired.by_pace else "quota"
        return f"the {whose} makes it wait {expired.wait_us / 1e6:.1f} s or more, which is longer than max_wait"
    return "no connection was free within max_wait"


def _drop(parts: tuple[Batch, ...], done: Delivery, code: str | None) -> None:
    for part in parts:
        done.outcomes += dropped(part, code)
