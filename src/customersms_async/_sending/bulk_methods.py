"""The methods of a client that take many recipients: to report, to give each outcome as it comes, to estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from .._core import options as defaults
from .._core.failure_guards import FailureGuards
from ..models import Priority
from .report import wait_for_report
from .send_options import CallRules
from .stream import OutcomeStream

if TYPE_CHECKING:
    from types import EllipsisType

    from ..models import Estimate, SendReport
    from .reader import Messages, Numbers, Recipients
    from .session import Session


class BulkMethods:
    """``send_many``, ``stream`` and ``estimate`` of an ``AsyncClient``, and of nothing else."""

    _session: Session

    @overload
    async def send_many(
        self,
        recipients: Numbers,
        message: str,
        *,
        priority: Priority = Priority.BULK,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
        stop_after_unknown: int | None = defaults.DEFAULT_STOP_AFTER_UNKNOWN,
        stop_after_refused: int | None = defaults.DEFAULT_STOP_AFTER_REFUSED,
        one_per_number: bool = False,
        idempotency_key: str | None = None,
    ) -> SendReport: ...
    @overload
    async def send_many(
        self,
        recipients: Messages,
        message: None = None,
        *,
        priority: Priority = Priority.BULK,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
        stop_after_unknown: int | None = defaults.DEFAULT_STOP_AFTER_UNKNOWN,
        stop_after_refused: int | None = defaults.DEFAULT_STOP_AFTER_REFUSED,
        one_per_number: bool = False,
        idempotency_key: str | None = None,
    ) -> SendReport: ...
    async def send_many(
        self,
        recipients: Recipients,
        message: str | None = None,
        *,
        priority: Priority = Priority.BULK,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
        stop_after_unknown: int | None = defaults.DEFAULT_STOP_AFTER_UNKNOWN,
        stop_after_refused: int | None = defaults.DEFAULT_STOP_AFTER_REFUSED,
        one_per_number: bool = False,
        idempotency_key: str | None = None,
    ) -> SendReport:
        """Send to every recipient, and report what became of each, in input order.

        ``recipients``: an iterable or async iterable of phone numbers (with ``message``) or of ``Message``; all of it
        is read and kept, and what is not async before anything is sent. A number that occurs again with the same text
        is UNSENT, code DUPLICATE; with ``one_per_number`` so is one that occurs again with any text. After so many
        requests of unknown fate in a row (``stop_after_unknown``), or refused whole (``stop_after_refused``), the rest
        is UNSENT, code STOPPED, and the report says ``stopped_by``; ``None`` turns each off, and docs/outcomes.md says
        what counts. Raises only when nothing more can go out, ``AuthenticationError`` or ``InsufficientCreditsError``
        with the report of everything, ``ConfigurationError`` for a wrong call, or what ``recipients`` or the quota
        store itself raises. However it ends, an async source is read to its end, unless the call is cancelled: that
        sends nothing new and lets the requests in flight finish; outcomes not reported are logged.

        With an ``idempotency_key`` each recipient has a key that is made of it and of the number, as for ``send``; a
        ``Message`` may bring its own. Whoever was texted before gets that outcome, ``replayed``, and another text for
        the same number is UNSENT, code IDEMPOTENCY_MISMATCH: two texts to one number need keys of their own. Raises
        ``IdempotencyStoreError`` where keys can't be kept.
        """
        guards = FailureGuards(stop_after_unknown=stop_after_unknown, stop_after_refused=stop_after_refused)
        rules = CallRules(guards, one_per_number, idempotency_key)
        options = self._session.options(
            priority=priority, batch_size=batch_size, max_wait=max_wait, timeout=timeout, reads_all=True, rules=rules
        )
        send = self._session.begin(recipients, message, options)
        return await wait_for_report(send, self._session.parts.account)

    @overload
    def stream(
        self,
        recipients: Numbers,
        message: str,
        *,
        priority: Priority = Priority.BULK,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
        stop_after_unknown: int | None = defaults.DEFAULT_STOP_AFTER_UNKNOWN,
        stop_after_refused: int | None = defaults.DEFAULT_STOP_AFTER_REFUSED,
        one_per_number: bool = False,
        idempotency_key: str | None = None,
    ) -> OutcomeStream: ...
    @overload
    def stream(
        self,
        recipients: Messages,
        message: None = None,
        *,
        priority: Priority = Priority.BULK,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
        stop_after_unknown: int | None = defaults.DEFAULT_STOP_AFTER_UNKNOWN,
        stop_after_refused: int | None = defaults.DEFAULT_STOP_AFTER_REFUSED,
        one_per_number: bool = False,
        idempotency_key: str | None = None,
    ) -> OutcomeStream: ...
    def stream(
        self,
        recipients: Recipients,
        message: str | None = None,
        *,
        priority: Priority = Priority.BULK,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
        stop_after_unknown: int | None = defaults.DEFAULT_STOP_AFTER_UNKNOWN,
        stop_after_refused: int | None = defaults.DEFAULT_STOP_AFTER_REFUSED,
        one_per_number: bool = False,
        idempotency_key: str | None = None,
    ) -> OutcomeStream:
        """Send to every recipient and yield each outcome as it comes, in bounded memory: see ``OutcomeStream``.

        The arguments are those of ``send_many``. Repeats are known within a look-ahead of ``batch_size`` times
        ``max_concurrency`` messages, and for an async source only while it does not fall silent: a later repeat is
        sent. ``max_wait`` counts from when a text stands in line. Stopped by ``stop_after_unknown`` or
        ``stop_after_refused``, it reads no further, gives the outcomes of what it has read, and then raises
        ``SendError``, code STOPPED.
        """
        guards = FailureGuards(stop_after_unknown=stop_after_unknown, stop_after_refused=stop_after_refused)
        rules = CallRules(guards, one_per_number, idempotency_key)
        options = self._session.options(
            priority=priority, batch_size=batch_size, max_wait=max_wait, timeout=timeout, reads_all=False, rules=rules
        )
        return OutcomeStream(lambda: self._session.begin(recipients, message, options))

    @overload
    async def estimate(
        self, recipients: Numbers, message: str, *, batch_size: int | EllipsisType = ..., one_per_number: bool = False
    ) -> Estimate: ...
    @overload
    async def estimate(
        self,
        recipients: Messages,
        message: None = None,
        *,
        batch_size: int | EllipsisType = ...,
        one_per_number: bool = False,
    ) -> Estimate: ...
    async def estimate(
        self,
        recipients: Recipients,
        message: str | None = None,
        *,
        batch_size: int | EllipsisType = ...,
        one_per_number: bool = False,
    ) -> Estimate:
        """Say what ``send_many`` with these arguments would come to if it started now; sends nothing.

        Reads all of ``recipients`` and keeps what it needs to know repeats.
        """
        from .estimate import estimate  # few need it, and its tables take 2 ms to load

        rules = CallRules(one_per_number=one_per_number)
        options = self._session.options(priority=Priority.BULK, batch_size=batch_size, reads_all=True, rules=rules)
        return await estimate(self._session, recipients, message, options)
