"""Figures by calling code, and who is unknown, of a campaign that goes on: kept by pieces of the input.

A ledger has no index for either, so each costs a look at every recipient, a second and a half of CPU for a million. So
the input is cut into pieces, each looked at by itself: at first all of them, a few at a time; then those that a request
has touched, and all of them once more where their sums don't agree with the ledger's counts, which cost nothing.
Rejected: tables kept by the ledger, which every recipient of every campaign would pay for, also where nobody looks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, final

from ....campaign.rows import MOST_LISTED
from ....campaign.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ....campaign.rows import Count, Doubt

PIECE: Final = 4_000
"""Recipients that are looked at at a time: some five milliseconds."""

Figures = list[tuple[str, Counter[State]]]
"""Recipients by calling code and state."""


@final
class Sweep:
    """What is known of each piece of an input, and which piece is to be looked at next.

    Mutable state: the figures of each piece (``None``: it was not looked at yet), how many are unknown there, and the
    sum of all; the unknown ones of those pieces that have the first of them; the pieces that were touched; and how many
    are left of a look at all.
    """

    def __init__(self, piece: int = PIECE) -> None:
        self._piece = piece
        self._pieces: list[Figures | None] = []
        self._unknown: list[int] = []
        self._sums: dict[str, Counter[State]] = {}
        self._doubts: dict[int, list[Doubt]] = {}
        self._touched: dict[int, None] = {}  # in the order in which they were
        self._at, self._left = 0, 0

    def grow(self, recipients: int) -> None:
        """Hear that the input has so many recipients; it never has fewer."""
        count = -(-recipients // self._piece)
        for number in range(len(self._pieces), count):
            self._pieces.append(None)
            self._unknown.append(0)
            self._left += 1
            self._touched.pop(number, None)

    def touch(self, ids: str) -> None:
        """Hear that recipients at these places (``id_ranges``) were moved."""
        for one in ids.split():
            first, _, last = one.partition("-")
            if first.isdecimal() and (last or first).isdecimal():
                for number in range(int(first) // self._piece, int(last or first) // self._piece + 1):
                    if number < len(self._pieces) and self._pieces[number] is not None:
                        self._touched[number] = None

    def look_at_all(self) -> None:
        """Have every piece looked at once more."""
        self._left = len(self._pieces)

    def agree(self, counts: Sequence[Count]) -> bool:
        """Whether all is looked at, and comes to the ledger's own counts."""
        there = Counter[State]()
        for count in counts:
            if count.state is not State.SKIPPED:
                there[count.state] += count.recipients
        return self.share == 1 and sum(self._sums.values(), Counter[State]()) == +there

    @property
    def at_rest(self) -> bool:
        """Whether no piece is to be looked at."""
        return not self._touched and not self._left

    @property
    def share(self) -> float:
        """How much of the input was looked at, from 0 to 1."""
        known = len(self._pieces) - self._pieces.count(None)
        return known / len(self._pieces) if self._pieces else 1.0

    def following(self) -> range | None:
        """The places to look at next, of which ``take`` hears then; ``None`` if that is nowhere."""
        number = next(iter(self._touched), None)
        if number is None:
            if not self._left:
                return None
            number = self._at % len(self._pieces)
        return range(number * self._piece, (number + 1) * self._piece)

    def take(self, places: range, figures: Figures) -> None:
        """Take in what was found at these places."""
        number = places.start // self._piece
        if number in self._touched:
            del self._touched[number]
        if number == self._at % len(self._pieces) and self._left:
            self._at, self._left = number + 1, self._left - 1
        before = self._pieces[number] or []
        if figures != before:
            for code, numbers in before:
                self._sums[code] = self._sums[code] - numbers
            for code, numbers in figures:
                self._sums[code] = self._sums.get(code, Counter()) + numbers
        self._pieces[number] = figures
        self._unknown[number] = sum(numbers[State.UNKNOWN] for _, numbers in figures)
        self._doubts.pop(number, None)

    def codes(self) -> Figures:
        """The recipients by calling code, those with the most failures first."""
        found = [(code, numbers) for code, numbers in self._sums.items() if numbers]
        return sorted(found, key=lambda item: (-item[1][State.REJECTED] - item[1][State.UNKNOWN], item[0]))

    def doubtful(self) -> range | None:
        """The next places whose unknown recipients are to be listed; ``None`` if the first ones are all listed."""
        listed = 0
        for number, unknown in enumerate(self._unknown):
            if listed >= MOST_LISTED:
                break
            if unknown and number not in self._doubts:
                return range(number * self._piece, (number + 1) * self._piece)
            listed += unknown
        return None

    def list_doubts(self, places: range, found: list[Doubt]) -> None:
        """Take in who is unknown at these places."""
        self._doubts[places.start // self._piece] = found

    def doubts(self) -> list[Doubt]:
        """The first unknown recipients, in the input's order, as far as they are known."""
        found: list[Doubt] = []
        for number in sorted(self._doubts):
            if len(found) >= MOST_LISTED:
                del self._doubts[number]  # none of them is listed
            else:
                found += self._doubts[number]
        return found[:MOST_LISTED]
