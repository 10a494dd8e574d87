"""What a person should know of a job's texts before they go out: blanks, oddities, and what ``--smart`` replaced."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple, final

import msgspec

from ..._core import segments, suspicious_text
from ..._core.intake import SendableLetter
from .placeholders import foreign_in_cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._core.intake import JudgedLetter
    from .template import Template

BLANK: Final = "is blank"
_NOTHING: Final = "says nothing"
_SMART: Final = "smart"
_INSTEAD: Final = "instead"

_NEEDS_A_LOOK: Final = frozenset(suspicious_text.BEGINNINGS)
_OF_AMOUNTS: Final = frozenset("0123456789-+.,")


class TextFinding(msgspec.Struct):
    """One thing that was found: what, in how many texts, and the first one's line, if they differ."""

    what: str
    texts: int
    line: int | None = None


class _Cell(NamedTuple):
    """A column that a template uses: which of a row's cells that is, its name, and whether it may be blank."""

    at: int
    name: str
    may_be_blank: bool


@final
class Findings:
    """Looks at the texts of a job as they are made, and counts what is found in those that can be sent.

    Mutable state: the findings so far, with the first letter that has words in place of a blank; and those of the row
    at hand (``pending``, always the same list), with its text before ``--smart``.

    ``of_one_text``: everybody gets the same. ``passes_ordinary``: there is nothing to be found where all cells of a row
    are ordinary (``ordinary_cells``).
    """

    def __init__(self, template: Template, keys: Mapping[str, str]) -> None:
        self.pending: list[tuple[str, str]] = []
        self.first_with_fallback: SendableLetter | None = None
        self.blank: int = 0
        self.saved: int = 0
        self.replaced: Counter[str] = Counter()
        self.of_one_text: bool = not template.uses
        self._keys = keys
        self._cells = _cells_of(template)
        self._signs = _signs_of(template)
        self._edges = bool(template.uses) and (not template.before or not template.uses[-1].after)
        sample = template.fill(["x"] * len(template.uses))
        self.passes_ordinary: bool = not self._signs and not (self._edges and suspicious_text.has_outer_space(sample))
        self._counted: tuple[str | None, int, list[str]] = None, 0, []
        self._found: dict[tuple[str, str], TextFinding] = {}

    def blanks(self) -> list[TextFinding]:
        """The columns that are blank somewhere."""
        found = self._found.items()
        return [TextFinding(name, each.texts, each.line) for (kind, name), each in found if kind == BLANK]

    def oddities(self) -> list[TextFinding]:
        """Everything else that was found."""
        return [finding for (kind, _), finding in self._found.items() if kind != BLANK]

    def look(self, cells: Sequence[str], text: str, *, special: bool) -> None:
        """Look at one row's ``cells`` and the ``text`` that they make.

        ``special``: some cell may hold a placeholder, or something spoiled.
        """
        for at, name, may_be_blank in self._cells:
            cell = cells[at]
            if not cell or cell[0] in _NEEDS_A_LOOK:
                self._look_for_nothing(name, cell, may_be_blank=may_be_blank)
        if special:
            self._look_for_special(cells)
        for at, sign in self._signs:
            self._look_behind(sign, cells[at])
        if self._edges and suspicious_text.has_outer_space(text):
            self.pending.append(("edges", "the text begins or ends with white space"))

    def replaces(self, original: str) -> None:
        """Count the text of the row at hand as one in which ``--smart`` replaces something."""
        self.pending.append((_SMART, original))

    def settle(self, judged: JudgedLetter) -> None:
        """Count what is ``pending``, if that row can be sent to, and forget it."""
        pending = self.pending[:]
        self.pending.clear()
        if not isinstance(judged, SendableLetter):
            return
        self.blank += any(what == BLANK for _, what in pending)
        for kind, what in pending:
            if kind == _INSTEAD:
                self.first_with_fallback = self.first_with_fallback or judged
                continue
            if kind == _SMART:
                self._count_replaced(what, judged.text)
                continue
            finding = self._found.setdefault((BLANK if what == BLANK else "", kind), TextFinding(what, 0, judged.line))
            finding.texts += 1

    def _look_for_nothing(self, name: str, cell: str, *, may_be_blank: bool) -> None:
        if not cell.strip():
            if not may_be_blank:
                self.pending.append((name, BLANK))
            elif self.first_with_fallback is None:
                self.pending.append((_INSTEAD, name))
        elif suspicious_text.means_nothing(cell):
            self.pending.append((f"{name} {_NOTHING}", f"{{{name}}} says only {cell!r}"))

    def _look_for_special(self, cells: Sequence[str]) -> None:
        for at, name, _ in self._cells:
            tag, _names_a_column = foreign_in_cell(cells[at], self._keys)
            if tag is not None:
                self.pending.append(("tag", f"{tag.text} in a cell of {name!r} is sent as it stands"))
            if (wrong := suspicious_text.spoiled(cells[at])) is not None:
                self.pending.append((f"{name} {wrong}", f"a cell of {name!r} has {wrong} in it"))
            if (written := suspicious_text.written_break(cells[at])) is not None:
                self.pending.append(("break", f"{written} in a cell of {name!r} is sent as it stands"))

    def _look_behind(self, sign: str, cell: str) -> None:
        if cell.strip()[:1] not in _OF_AMOUNTS:
            shown = repr(cell) if cell.strip() else "nothing"
            self.pending.append((sign, f"{sign} stands before {shown}"))

    def _count_replaced(self, original: str, text: str) -> None:
        if original is not self._counted[0]:
            saved = segments.count(original).segments - segments.count(text).segments
            self._counted = original, saved, [found for found, _ in segments.replacements(original)]
        self.saved += self._counted[1]
        self.replaced.update(self._counted[2])


def _cells_of(template: Template) -> list[_Cell]:
    """The columns that are looked at in each row, each once; a fallback counts only if every use has one."""
    cells: dict[str, _Cell] = {}
    for at, use in enumerate(template.uses):
        may_be_blank = use.fallback is not None and cells.get(use.name, _Cell(0, "", may_be_blank=True)).may_be_blank
        cells[use.name] = _Cell(at, use.name.strip(), may_be_blank)
    return list(cells.values())


def _signs_of(template: Template) -> list[tuple[int, str]]:
    """The cells that have a sign before them which other programs write before a placeholder: ``${amount}``."""
    lead_ins = [template.before, *(use.after for use in template.uses)]
    return [(at, lead_ins[at][-1]) for at in range(len(template.uses)) if lead_ins[at].endswith(("$", "#", "%"))]
