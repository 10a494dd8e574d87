"""Messages to batches: equal texts share requests, within a bounded look-ahead.

Goal: as few requests as possible without holding anything back for long or in memory. A full batch leaves at once, a
part-filled one when ``lookahead`` messages have come since its first; both cost O(1) a message. Rejected: sorting the
whole input by text (needs all of it), a look-ahead by time (a slow source would wait for it).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Batch(msgspec.Struct, frozen=True, gc=False):
    """The recipients of one request: one text, and at the same positions their numbers and places in the input.

    ``keys`` are the idempotency keys of those that have one of their own, by their places.
    """

    message: str
    phones: list[str]
    indexes: list[int]
    keys: dict[int, str] = msgspec.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.phones)


@final
class Grouper:
    """Collects messages by text and cuts batches of at most ``batch_size`` numbers.

    Mutable state: the unfinished batches, oldest first, each with the count of messages before it; that count; and the
    count before which none of them can be due.
    """

    __slots__ = ("_batch_size", "_count", "_groups", "_lookahead", "_none_due_before")

    def __init__(self, batch_size: int, lookahead: int) -> None:
        self._batch_size = batch_size
        self._lookahead = lookahead
        self._count = 0
        self._none_due_before = lookahead
        self._groups: OrderedDict[str, tuple[int, Batch]] = OrderedDict()

    def __bool__(self) -> bool:
        """Whether any message waits for company."""
        return bool(self._groups)

    def push(self, index: int, phone: str, message: str, key: str | None = None) -> Sequence[Batch]:
        """Take one message in, and give the batches that are due now: two at most, and mostly none.

        The number must not have come with the same text among the last ``lookahead`` messages: no request holds a
        number twice. ``key`` is its idempotency key, if it has one of its own.
        """
        group = self._groups.get(message)
        if group is None:
            group = self._groups[message] = (self._count, Batch(message, [], []))
        self._count += 1
        batch = group[1]
        batch.phones.append(phone)
        batch.indexes.append(index)
        if key is not None:
            batch.keys[index] = key
        full = len(batch.phones) >= self._batch_size
        if full:
            del self._groups[message]
        if self._count >= self._none_due_before and (oldest := self._due()) is not None:
            return (oldest, batch) if full else (oldest,)
        return (batch,) if full else ()

    def _due(self) -> Batch | None:
        """The oldest unfinished batch, if it has waited for as many messages as it may."""
        since = next(iter(self._groups.values()))[0] if self._groups else self._count
        self._none_due_before = since + self._lookahead
        return self._groups.popitem(last=False)[1][1] if self._count >= self._none_due_before else None

    def room(self, message: str) -> int:
        """How many numbers more make a full batch of this text."""
        group = self._groups.get(message)
        return self._batch_size - (0 if group is None else len(group[1]))

    def push_all(self, index: int, phones: list[str], message: str) -> Sequence[Batch]:
        """Take in one or more that follow each other, the first at ``index``: no more than there is ``room`` for.

        Only where all messages have the same text, or a batch might be due in between.
        """
        group = self._groups.get(message)
        if group is None:
            group = self._groups[message] = (self._count, Batch(message, [], []))
        last = len(phones) - 1
        self._count += last
        group[1].phones.extend(phones[:last])
        group[1].indexes.extend(range(index, index + last))
        return self.push(index + last, phones[last], message)

    def flush(self) -> Iterator[Batch]:
        """Give every unfinished batch, oldest first."""
        while self._groups:
            yield self._groups.popitem(last=False)[1][1]


@final
class Sizes:
    """How many numbers the gateway takes with one text, learned from its 413s.

    Only for the text that was refused last: a long one must not make the batches of every other text small. Mutable
    state: that text, and half of the smallest batch of it that was refused.
    """

    __slots__ = ("_message", "_most")

    def __init__(self) -> None:
        self._message: str | None = None
        self._most = 0

    @property
    def have_learned(self) -> bool:
        """Whether anything was refused."""
        return self._message is not None

    def fit(self, batch: Batch) -> list[Batch]:
        """The batch, cut if a smaller one of its text was refused."""
        if batch.message != self._message or len(batch) <= self._most:
            return [batch]
        return [
            Batch(batch.message, batch.phones[at : at + self._most], batch.indexes[at : at + self._most])
            for at in range(0, len(batch), self._most)
        ]

    def halve(self, batch: Batch) -> list[Batch]:
        """A batch of two or more that was refused, in halves; in smaller parts if such a half was refused too."""
        half = (len(batch) + 1) // 2
        self._most = min(half, self._most) if batch.message == self._message else half
        self._message = batch.message
        return self.fit(batch)
