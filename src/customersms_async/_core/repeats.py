"""Repeats: who had a text before. One class for each way of being asked, all of them answering ``Repeats.known``.

- ``ExactRepeats``: within the last so many messages (a stream), or in all (``send_many``), in about 100 bytes each.
- ``SuspectFinder``, then ``SuspectRepeats``: a file that is read twice, in 20 to 40 bytes a row; exact the second time.
- ``OnePerNumber``: any of these, so that a number's second text counts as a repeat, whatever it says.
- A campaign's own, over what its ledger holds: ``campaign/_sqlite/ledger_repeats``.
"""

from __future__ import annotations

from collections import deque
from itertools import repeat
from typing import TYPE_CHECKING, Protocol, final

from .first_texts import NEW_NUMBER, OTHER_TEXT, SAME_TEXT, FirstTexts

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


class Repeats(Protocol):
    """Remembers messages: a number in E.164 and a text."""

    def known(self, phone: str, text: str) -> bool:
        """Whether this number had this text before; from now on it had."""


@final
class ExactRepeats:
    """Knows a message that came before: among the last ``window``, or all if that is ``None``.

    Messages of the first text are known by their number alone: mostly there is no other text. Mutable state: that text,
    the messages remembered and, if there is a window, their order.
    """

    __slots__ = ("_first", "_order", "_seen", "_window")

    def __init__(self, window: int | None) -> None:
        self._window = window
        self._first: str | None = None
        self._seen: set[str | tuple[str, str]] = set()
        self._order: deque[str | tuple[str, str]] = deque()

    def known(self, phone: str, text: str) -> bool:
        """Whether this number had this text before; from now on it had."""
        if self._first is None:
            self._first = text
        key = phone if text == self._first else (phone, text)
        if key in self._seen:
            return True
        self._seen.add(key)
        if self._window is not None:
            self._order.append(key)
            if len(self._order) > self._window:
                self._seen.remove(self._order.popleft())
        return False

    def all_new(self, phones: list[str], text: str) -> bool:
        """Whether none of these had this text before, nor comes twice among them; if so, from now on they had."""
        if self._first is None:
            self._first = text
        seen = self._seen
        if text != self._first or not seen.isdisjoint(phones):
            return False
        count = len(seen) + len(phones)
        seen.update(phones)
        if len(seen) < count:
            seen.difference_update(phones)  # none of them was in it before
            return False
        if self._window is not None:
            self._order.extend(phones)
            too_many = max(0, len(self._order) - self._window)
            seen.difference_update(map(deque.popleft, repeat(self._order, too_many)))
        return True

    def forget(self) -> None:
        """Forget the messages of the window, as what follows does not belong with them; without a window, nothing."""
        if self._window is not None:
            self._seen.clear()
            self._order.clear()


@final
class OnePerNumber:
    """Takes every further text of a number for a repeat, of those that ``repeats`` remembers."""

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats

    def known(self, phone: str, text: str) -> bool:  # noqa: ARG002 - whatever it says
        """Whether this number had any text before; from now on it had."""
        return self._repeats.known(phone, "")


@final
class SuspectFinder:
    """Finds, at the first of two readings, the messages that seem to come again.

    Two messages with one fingerprint can't be told apart here, so a repeat is only suspected. Mutable state: the
    fingerprints of each number's first text, those of its other texts, and of the suspects; and how many numbers came
    with different texts (``several``).
    """

    def __init__(self) -> None:
        from .fingerprints import FingerprintSet  # sends from a program never need it

        self._look = FirstTexts().look
        self._others = FingerprintSet()
        self.suspects: set[int] = set()
        self.several = 0

    def known(self, phone: str, text: str) -> bool:
        """Whether this number seems to have had this text before; from now on it had."""
        found = self._look(phone, text)
        if found == NEW_NUMBER:
            return False
        fingerprint = hash((phone, text))
        self.several += found == OTHER_TEXT
        seen = found == SAME_TEXT or self._others.add(fingerprint)
        if seen:
            self.suspects.add(fingerprint)
        return seen


@final
class SuspectRepeats:
    """Knows, at the second of two readings, exactly which messages come again: only suspects have to be remembered.

    Mutable state: the suspected messages that came before.
    """

    def __init__(self, suspects: AbstractSet[int]) -> None:
        self._suspects = suspects
        self._seen: set[tuple[str, str]] = set()

    def known(self, phone: str, text: str) -> bool:
        """Whether this number had this text before; from now on it had."""
        message = (phone, text)
        if hash(message) not in self._suspects:
            return False
        if message in self._seen:
            return True
        self._seen.add(message)
        return False
