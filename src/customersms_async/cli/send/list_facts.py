"""What there is to say of a list of people before anything is sent, besides who is invalid or comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ..._core.number_lengths import length_problem
from ..._core.plural import counted
from ..national_numbers import region_remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._core.intake import SendableLetter
    from .checked_job import CheckedJob

SHOWN_NUMBERS: Final = 3
"""Numbers of an odd length that are shown."""


class ListFacts(msgspec.Struct):
    """Counts of a list: ``listed`` numbers on ``--suppress`` (``None``: no list), of which ``found`` are here.

    ``several_texts``: numbers that came with different texts. ``odd_numbers``: rows whose number has a length that no
    number of its country has, the first of them with the reason. ``usual``: beginnings and lengths that are in order.
    ``national``: invalid numbers without a country code. ``remarks``: what there is to say of columns.
    """

    listed: int | None = None
    found: set[str] = set()
    several_texts: int = 0
    odd_numbers: int = 0
    odd_examples: list[str] = []
    usual: dict[str, set[int]] = {}
    national: int = 0
    remarks: list[str] = []

    def look(self, letter: SendableLetter) -> None:
        """Count what is odd about one."""
        phone = letter.phone
        problem = length_problem(phone)
        if problem is None:
            self.usual.setdefault(phone[:4], set()).add(len(phone))
        else:
            self.odd_numbers += 1
            if len(self.odd_examples) < SHOWN_NUMBERS:
                where = f"line {letter.line}" if letter.line is not None else f"number {letter.index + 1}"
                self.odd_examples.append(f"{where}: {phone}: {problem}")


def list_remarks(checked: CheckedJob) -> list[str]:
    """What a person has to know of a list, a line for each thing."""
    facts = checked.list_facts
    found = list(facts.remarks)
    if facts.national:
        found.append(region_remark(facts.national))
    if facts.several_texts:
        who = counted(facts.several_texts, "number occurs", "numbers occur")
        found.append(f"{who} more than once with different texts; --one-per-number sends each the first only")
    if facts.odd_numbers:
        found.append(f"{counted(facts.odd_numbers, 'number is', 'numbers are')} suspicious: {facts.odd_examples[0]}")
        found += facts.odd_examples[1:]
    if checked.recipients > 1 and checked.requests == checked.recipients:
        found.append("each text is another one, so each costs a request of its own")
    return found


def suppression(listed: int, found: int, remarks: Sequence[str] = ()) -> str:
    """How many numbers a list for ``--suppress`` has, and how many of these are in the campaign."""
    more = "".join(f" ({remark})" for remark in remarks)
    if not found:
        doubt = "none of them in this campaign: is it the right list, and the right column?"
        return f"--suppress: {counted(listed, 'number')}, {doubt}{more}"
    return f"--suppress: {counted(listed, 'number')}, {found:,} of them in this campaign{more}"
