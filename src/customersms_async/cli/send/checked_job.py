"""The findings of a job's first reading, and the rules by which it is read."""

from __future__ import annotations

from typing import Final

import msgspec

from ..._core.intake import JudgedLetter, RefusedLetter, SendableLetter  # noqa: TC001 - msgspec reads the annotations
from .findings import TextFinding  # noqa: TC001 - as above
from .list_facts import ListFacts


class ListRules(msgspec.Struct, frozen=True):
    """Who of a list gets no text.

    ``suppressed`` numbers (``None``: there is no list of them) and, with ``one_per_number``, those that came before.
    ``list_remarks``: what there is to say of that list.
    """

    suppressed: frozenset[str] | None = None
    one_per_number: bool = False
    list_remarks: tuple[str, ...] = ()


NO_RULES: Final = ListRules()


class CheckedJob(msgspec.Struct):
    """The figures of a job, and what its sending needs to know.

    ``kept`` are all letters as they were judged, if the job is in memory; of a file there are only ``suspects``, the
    fingerprints of letters that seem to occur again. ``seconds`` until the last request may leave, once that is known.
    ``first_with_fallback`` is the first that has words in place of a blank; ``long_texts`` have ``MANY_SEGMENTS``.
    ``blank`` texts have a placeholder that is blank for them and no fallback; ``blanks`` says which. ``smart_saves``
    are the segments that ``--smart`` would save, or (if ``smart``) has saved; ``smart_replaces`` is what, how often.
    ``on_list`` recipients are on the user's list now, and ``capped`` have reached a cap; ``None``: there is none.
    """

    rows: int = 0
    recipients: int = 0
    invalid: int = 0
    duplicates: int = 0
    suppressed: int = 0
    requests: int = 0
    segments: int = 0
    least_segments: int = 0
    most_segments: int = 0
    ucs2_texts: int = 0
    ucs2_characters: str = ""
    problems: list[RefusedLetter] = []
    samples: list[SendableLetter] = []
    first_with_fallback: SendableLetter | None = None
    long_texts: int = 0
    suspects: set[int] = set()
    kept: list[JudgedLetter] | None = None
    seconds: float = 0.0
    smart: bool = False
    smart_saves: int = 0
    smart_replaces: dict[str, int] = {}
    smart_seen: set[str] = set()
    blank: int = 0
    blanks: list[TextFinding] = []
    suspicious: list[TextFinding] = []
    rules: ListRules = NO_RULES
    on_list: int | None = None
    capped: int | None = None
    list_facts: ListFacts = msgspec.field(default_factory=ListFacts)

    @property
    def listed(self) -> int | None:
        """The numbers on ``--suppress``, if there is such a list."""
        return self.list_facts.listed

    @property
    def listed_here(self) -> int:
        """How many numbers on ``--suppress`` are among the recipients."""
        return len(self.list_facts.found)

    @property
    def several_texts(self) -> int:
        """How many numbers came with different texts."""
        return self.list_facts.several_texts

    @property
    def odd_numbers(self) -> int:
        """How many recipients have a number of a length that no number of their country has."""
        return self.list_facts.odd_numbers
