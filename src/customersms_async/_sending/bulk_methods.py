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
    from .input_reader import Messages, Numbers, Recipients
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

        All of ``recipients`` is read and kept, and what is not async before anything is sent. A number that occurs
        again with the same text is UNSENT, code DUPLICATE. As the defaults are, it waits for quota as long as that
        takes: 100,000 recipients are 1,000 requests, some ten minutes at the documented limits.

        One recipient's failure never stops the others, and is not raised: see the report. After too many failed
        requests in a row the rest is UNSENT, code STOPPED, and the report says ``stopped_by``. However it ends, an
        async source is read to its end, unless the call is cancelled: that sends nothing new and lets the requests in
        flight finish; outcomes not reported are logged.

        With an ``idempotency_key``, whoever was texted before gets that outcome, ``replayed``, and another text for the
        same number is UNSENT, code IDEMPOTENCY_MISMATCH: two texts to one number need keys of their own.

        Args:
            recipients: an iterable or async iterable of phone numbers (with ``message``) or of ``Message``.
            message: the text for all of them, where they bring none.
            priority: who goes first among all that wait for this key in this process; BULK leaves the ``reserve``
                to others.
            batch_size: numbers in one request, at most; by default the client's, 100.
            max_wait: seconds that each request may wait for quota, pace and a connection, counted from the call; by
                default the client's, which is ``None``: as long as it takes.
            timeout: seconds of one attempt with one number, half a second more for each further one; by default the
                client's, 30.
            stop_after_unknown: requests of unknown fate in a row after which nothing more is sent; ``None``: never.
                docs/outcomes.md says what counts.
            stop_after_refused: requests refused whole in a row after which nothing more is sent; ``None``: never.
            one_per_number: whether a number that occurs again is left out with any text, not just with the same.
            idempotency_key: each text has a key that is made of this one and of its number, as for ``send``; a
                ``Message`` may bring its own.

        Raises:
            AuthenticationError: if the gateway refuses the API key, with the report of everything.
            InsufficientCreditsError: if the account has no credits left, with the report of everything.
            ConfigurationError: for a call that can't work: see ``send``.
            QuotaStoreError: if the quota can't be kept, and will not be by itself.
            SuppressionStoreError: if nobody can say who is suppressed.
            IdempotencyStoreError: if keys can't be kept.

        What ``recipients`` itself raises is raised at the end.

        Example:
            ```python
            report = await client.send_many(["+12125551234", "+13235554567"], "Doors open at eight")
            print(report.accepted, "of", len(report.outcomes))
            for outcome in report.outcomes:
                if outcome.status is not Status.ACCEPTED:
                    print(outcome.phone, outcome.status, outcome.code, outcome.error)
            ```
        """
        guards = FailureGuards(stop_after_unknown=stop_after_unknown, stop_after_refused=stop_after_refused)
        rules = CallRules(guards, one_per_number, idempotency_key)
        options = self._session.options(
            priority=priority, batch_size=batch_size, max_wait=max_wait, timeout=timeout, reads_all=True, rules=rules
        )
        send = self._session.begin(recipients, message, options)
        return await wait_for_report(send)

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

        Repeats are known within a look-ahead of ``batch_size`` times ``max_concurrency`` messages, and for an async
        source only while it does not fall silent: a later repeat is sent. As the defaults are, it waits for quota as
        long as that takes. Stopped by failures in a row, it reads no further, gives the outcomes of what it has read,
        and then raises.

        Args:
            recipients: an iterable or async iterable of phone numbers (with ``message``) or of ``Message``.
            message: the text for all of them, where they bring none.
            priority: who goes first among all that wait for this key in this process; BULK leaves the ``reserve``
                to others.
            batch_size: numbers in one request, at most; by default the client's, 100.
            max_wait: seconds that each request may wait for quota, pace and a connection, counted from when it
                stands in line; by default the client's, which is ``None``: as long as it takes.
            timeout: seconds of one attempt with one number, half a second more for each further one; by default the
                client's, 30.
            stop_after_unknown: requests of unknown fate in a row after which nothing more is sent; ``None``: never.
                docs/outcomes.md says what counts.
            stop_after_refused: requests refused whole in a row after which nothing more is sent; ``None``: never.
            one_per_number: whether a number that occurs again is left out with any text, not just with the same.
            idempotency_key: each text has a key that is made of this one and of its number, as for ``send``; a
                ``Message`` may bring its own.

        Raises:
            ConfigurationError: for an option out of range, at once; for recipients that can be none, and as
                ``send``, with the first outcome.
            AuthenticationError: at the end, if the gateway refuses the API key.
            InsufficientCreditsError: at the end, if the account has no credits left.
            SendError: at the end, with code STOPPED, after too many failed requests in a row.
            QuotaStoreError: at the end, if the quota can't be kept, and will not be by itself.
            SuppressionStoreError: at the end, if nobody can say who is suppressed.
            IdempotencyStoreError: at the end, if keys can't be kept.

        What ``recipients`` itself raises is raised at the end, too.

        Example:
            ```python
            async with client.stream(["+12125551234", "+13235554567"], "Doors open at eight") as outcomes:
                async for outcome in outcomes:
                    print(outcome.phone, outcome.status)
            ```
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

        Args:
            recipients: an iterable or async iterable of phone numbers (with ``message``) or of ``Message``.
            message: the text for all of them, where they bring none.
            batch_size: numbers in one request, at most; by default the client's, 100.
            one_per_number: whether a number that occurs again is left out with any text, not just with the same.

        Raises:
            ConfigurationError: for a call that can't work: see ``send``.
            QuotaStoreError: if the quota store can't be asked, at once.

        What ``recipients`` itself raises is raised.

        Example:
            ```python
            estimate = await client.estimate(["+12125551234", "+13235554567"], "Doors open at eight")
            print(f"{estimate.segments} segments in {estimate.requests} requests, sent in {estimate.seconds:.0f} s")
            ```
        """
        from .estimate import estimate  # few need it, and its tables take 2 ms to load

        rules = CallRules(one_per_number=one_per_number)
        options = self._session.options(priority=Priority.BULK, batch_size=batch_size, reads_all=True, rules=rules)
        return await estimate(self._session, recipients, message, options)
