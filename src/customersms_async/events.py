"""What happens in a client, for a function that looks on: ``AsyncClient(on_event=…)``.

```python
def hear(event: Event) -> None:
    if isinstance(event, WaitEnded) and event.seconds > 5:
        print(f"{event.key}: {event.priority.name} waited {event.seconds:.1f} s for {event.reason}")

client = AsyncClient(on_event=hear)
```

The function is called in the event loop, at the moment when something happens, and must not wait. What it raises is
logged, and harms nobody. No event has a phone number, a text or an API key. A ``code`` is one of ``Code``, ``HTTP_502``
and the like, or the gateway's; where that is no code of capital letters, which may be anything, it is ``_OTHER``.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from .models import Priority, Status  # noqa: TC001 - msgspec reads the annotations

__all__ = [
    "Event",
    "KeyPaused",
    "OutcomesKnown",
    "RequestBegan",
    "RequestEnded",
    "RetryPlanned",
    "RunBegan",
    "RunEnded",
    "RunKind",
    "StoreFailed",
    "StoreName",
    "StoreRecovered",
    "WaitBegan",
    "WaitEnded",
    "WaitReason",
]

WaitReason: TypeAlias = Literal["connection", "store", "pause", "pace", "quota"]
"""What a request lacks: the first of these that it does; ``store`` is the answer of the quota store."""

RunKind: TypeAlias = Literal["send_many", "stream", "campaign"]
"""A way of sending to many."""

StoreName: TypeAlias = Literal["quota", "idempotency", "suppression"]
"""A store that is asked before a text may leave; caps are kept in that of the quota."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened; ``key`` is the API key's label, or the first 8 digits of its fingerprint.

    Example:
        ```python
        def hear(event: Event) -> None:
            print(type(event).__name__, event.key)

        await client.with_options(on_event=hear).send("+12125551234", "Your parcel is here")
        ```
    """

    key: str


class WaitBegan(Event, frozen=True, kw_only=True):
    """A request stands in line; ``reason`` is what it lacks so far.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, WaitBegan):
                print(f"{event.key}: a request waits for {event.reason}")
        ```
    """

    priority: Priority
    reason: WaitReason


class WaitEnded(Event, frozen=True, kw_only=True):
    """A request was let in after ``seconds`` for ``reason``, or, not ``admitted``, has left its line.

    It leaves when it is stopped, held back or cancelled, and when its ``max_wait`` is over.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, WaitEnded) and event.seconds > 5:
                print(f"{event.key}: {event.seconds:.1f} s for {event.reason}")
        ```
    """

    priority: Priority
    reason: WaitReason
    seconds: float
    admitted: bool


class RequestBegan(Event, frozen=True, kw_only=True):
    """A request with so many ``recipients`` was let in, and leaves as soon as a connection stands.

    ``request`` is a number of its own until it has ended, ``run`` that of the send to many that it belongs to, if it
    does. ``attempt`` counts from 1 for the same texts. ``server`` and ``port`` are the gateway's. It waited ``waited``
    seconds for ``reason``: 0.0 and ``None`` if it was let in at once.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, RequestBegan):
                print(f"{event.recipients} texts leave, attempt {event.attempt}")
        ```
    """

    request: int
    run: int | None
    priority: Priority
    recipients: int
    attempt: int
    server: str
    port: int
    waited: float
    reason: WaitReason | None


class RequestEnded(Event, frozen=True, kw_only=True):
    """What became of a request is known, ``seconds`` after it was let in.

    ``request`` is the number that its ``RequestBegan`` had. ``sent``: its first byte may have left. ``status_code`` is
    the HTTP status of the answer, if one came; ``server`` and ``port`` are the gateway's. Of so many ``recipients`` so
    many were ``accepted``; where none was, ``code`` says why not.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, RequestEnded):
                print(f"{event.accepted} of {event.recipients} texts in {event.seconds:.2f} s")
        ```
    """

    request: int
    priority: Priority
    server: str
    port: int
    seconds: float
    sent: bool
    status_code: int | None
    recipients: int
    accepted: int
    code: str | None


class RetryPlanned(Event, frozen=True, kw_only=True):
    """A request that failed with ``code``, at this ``attempt`` (counted from 1), is tried again in ``seconds`` seconds.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, RetryPlanned):
                print(f"{event.code}: again in {event.seconds:.1f} s")
        ```
    """

    attempt: int
    seconds: float
    code: str | None


class OutcomesKnown(Event, frozen=True, kw_only=True):
    """So many ``recipients`` have this outcome, told once for each of them.

    ``code`` is ``None`` for accepted texts. ``replayed``: nothing was sent now; an earlier call with their idempotency
    keys did, and this is what became of that.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, OutcomesKnown) and not event.replayed:
                print(f"{event.recipients} texts are {event.status}")
        ```
    """

    priority: Priority
    status: Status
    code: str | None
    replayed: bool
    recipients: int


class KeyPaused(Event, frozen=True, kw_only=True):
    """The gateway has told the key to pause for so many ``seconds``.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, KeyPaused):
                print(f"{event.key}: no request for {event.seconds:.0f} s")
        ```
    """

    seconds: float


class StoreFailed(Event, frozen=True, kw_only=True):
    """A store could not be asked; ``failures`` is how many times since its last answer, or 1 where that is not known.

    Nothing is sent until the store answers. Only where it was to hear what became of texts, these were out already.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, StoreFailed):
                print(f"the {event.store} store can't be asked: {event.error}")
        ```
    """

    store: StoreName
    error: str
    failures: int


class StoreRecovered(Event, frozen=True, kw_only=True):
    """The quota store has answered again, after it had failed so many times: ``failures`` times.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, StoreRecovered):
                print(f"the quota store is back, after {event.failures} failures")
        ```
    """

    failures: int


class RunBegan(Event, frozen=True, kw_only=True):
    """A send to many has begun; ``run`` is a number of its own until it has ended.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, RunBegan):
                print(f"run {event.run}, a {event.kind}, has begun")
        ```
    """

    run: int
    kind: RunKind


class RunEnded(Event, frozen=True, kw_only=True):
    """A send to many has ended; ``run`` is the number that its beginning had.

    ``reason`` is why it did before everybody was sent to, else ``None``.

    Example:
        ```python
        def hear(event: Event) -> None:
            if isinstance(event, RunEnded):
                print(f"run {event.run} has ended: {event.reason or 'all were sent to'}")
        ```
    """

    run: int
    kind: RunKind
    reason: str | None
