"""A text with ``{column}`` in it -> each person's text. Nothing else is special, so nothing can be reached through it.

``{column}`` stands for the row's text in that column, ``{column|words}`` for the words where that is blank, ``{{`` for
``{`` and ``}}`` for ``}``; a column's name is whatever stands between the braces, or before the first ``|`` there.
There are no attributes, no indexes, no conversions and no format codes, and a value is never looked through for
columns to put in.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ..problems import InputProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["PlaceholderUse", "Template", "TemplateProblem", "fold"]

_PIECE: Final = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}]*)\}|(?P<lone>[{}])")

_UNSEEN: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD))
"""Characters without width, which spreadsheets and pages leave in a header."""


class TemplateProblem(InputProblem):
    """A template can't be used; ``position`` is the character where, from 1, ``reason`` why."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"character {position} of the message: {reason}")
        self.position = position
        self.reason = reason


class PlaceholderUse(NamedTuple):
    """A column's name as the template has it, its fallback if it has one, where, and the text that follows it."""

    name: str
    fallback: str | None
    position: int
    after: str


@final
class Template:
    """A parsed template. Mutable state: how its names were found among the columns of the last row."""

    def __init__(self, source: str, before: str, uses: tuple[PlaceholderUse, ...]) -> None:
        self.source = source
        self.before = before
        self.uses = uses
        self.columns: frozenset[str] = frozenset(use.name for use in uses)
        self._found: tuple[tuple[str, ...] | None, list[str | None]] = (None, [])
        self._exact = _getter([use.name for use in uses])
        self._gaps = any(use.fallback is not None for use in uses)
        self._format = "%s".join(words.replace("%", "%%") for words in (before, *(use.after for use in uses)))

    @classmethod
    def literal(cls, text: str) -> Template:
        """A template in which nothing stands for anything else."""
        return cls(text, text, ())

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template; ``TemplateProblem`` for a brace that is neither doubled nor around a name."""
        pieces: list[list[str]] = [[]]
        names: list[tuple[str, str | None, int]] = []
        at = 0
        for piece in _PIECE.finditer(text):
            pieces[-1].append(text[at : piece.start()])
            at = piece.end()
            if piece["lone"]:
                raise TemplateProblem(_lone(text, piece.start()), piece.start() + 1)
            if piece["brace"]:
                pieces[-1].append(piece["brace"][0])
            else:
                names.append((*_split(piece["name"], piece.start() + 1), piece.start() + 1))
                pieces.append([])
        pieces[-1].append(text[at:])
        before, *after = map("".join, pieces)
        return cls(text, before, tuple(PlaceholderUse(*name, words) for name, words in zip(names, after, strict=True)))

    def check(self, columns: Iterable[str]) -> None:
        """Raise ``TemplateProblem`` unless each name is one of ``columns``.

        It is the equal one, or else the only one that is equal but for case and white space.
        """
        known = tuple(columns)
        _find(self.uses, known)
        barred = {_normal(column) for column in known if "|" in column}
        for use in self.uses:
            if use.fallback is not None and _normal(f"{use.name}|{use.fallback}") in barred:
                whole = f"{use.name}|{use.fallback}"
                raise TemplateProblem(
                    f"{{{whole}}} may be the column {whole!r}, or {use.name!r} with a fallback; rename that column",
                    use.position,
                )

    def cells(self, fields: Mapping[str, str]) -> Sequence[str]:
        """What a row has for each placeholder, in their order; "" for one with a fallback if the row lacks its column.

        ``TemplateProblem`` if the row lacks another, as a row of a JSONL file may.
        """
        try:
            return self._exact(fields)
        except KeyError:
            columns = tuple(fields)
        if columns != self._found[0]:
            self._found = columns, _find(self.uses, columns, lenient=True)
        return ["" if column is None else fields[column] for column in self._found[1]]

    def settled(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """The column that each placeholder means, in rows that have all of ``columns``. Raises as ``check`` does."""
        return tuple(filter(None, _find(self.uses, columns)))

    @property
    def written(self) -> str:
        """The text with ``%s`` for each placeholder and ``%%`` for a percent sign, for cells none of which is blank."""
        return self._format

    def fill(self, cells: Sequence[str]) -> str:
        """The text for one row's ``cells``; always the same object if the template has no placeholders."""
        if not self.uses:
            return self.before
        if self._gaps and not all(map(str.strip, cells)):
            cells = [
                use.fallback if use.fallback is not None and not cell.strip() else cell
                for use, cell in zip(self.uses, cells, strict=True)
            ]
        return self._format % tuple(cells)

    def render(self, fields: Mapping[str, str]) -> str:
        """The text for one row. Raises as ``cells`` does."""
        return self.fill(self.cells(fields))


def _lone(text: str, at: int) -> str:
    """What is wrong with the brace ``at`` this place, which stands by itself."""
    brace = text[at]
    closed = re.search(r"\{[^{}]*\}$", text[:at]) if brace == "}" else None
    if closed is not None:
        return f"a lone }} after {closed[0]}: leave it out, or write }}}} for one that is sent"
    return f"a lone {brace}; for a brace write it twice"


def _split(inner: str, position: int) -> tuple[str, str | None]:
    """The name and the fallback of what stands between two braces."""
    name, bar, fallback = inner.partition("|")
    if not name.strip():
        raise TemplateProblem(f"{{{inner}}} names no column; for braces write {{{{{inner}}}}}", position)
    return name, fallback.strip() if bar else None


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, str]], Sequence[str]]:
    """What gives the values of exactly these keys; ``KeyError`` if one is not there."""
    if not names:
        return lambda _: ()
    if len(names) == 1:
        name = names[0]
        return lambda fields: (fields[name],)
    return itemgetter(*names)


_MOST_COMPARED: Final = 100
"""Columns, and characters of each, among which one that is meant is looked for."""


def _find(uses: Sequence[PlaceholderUse], columns: tuple[str, ...], *, lenient: bool = False) -> list[str | None]:
    """For each use the column that it means; ``lenient``: ``None`` if there is none, but a fallback."""
    exact = frozenset(columns)
    folded: dict[str, list[str]] = {}
    if not all(use.name in exact for use in uses):
        for column in columns:
            folded.setdefault(fold(column), []).append(column)
    return [
        use.name
        if use.name in exact
        else None
        if lenient and use.fallback is not None and fold(use.name) not in folded
        else _meant(use, columns, folded)
        for use in uses
    ]


def _meant(use: PlaceholderUse, columns: tuple[str, ...], folded: Mapping[str, list[str]]) -> str:
    alike = folded.get(fold(use.name), [])
    if len(alike) == 1:
        return alike[0]
    if alike:
        several = " and ".join(map(repr, alike))
        raise TemplateProblem(f"{{{use.name}}} may be {several}; write it as the column is written", use.position)
    raise TemplateProblem(f"no column is called {use.name!r}; {_known(use.name, columns)}", use.position)


def _known(name: str, columns: tuple[str, ...]) -> str:
    """Which columns there are, or which is probably meant."""
    few = {fold(column): column for column in columns[:_MOST_COMPARED] if len(column) <= _MOST_COMPARED}
    close = [few[found] for found in difflib.get_close_matches(fold(name)[:_MOST_COMPARED], few, 3, 0.5)]
    return f"did you mean {' or '.join(f'{{{name}}}' for name in close)}?" if close else _listed(columns)


def fold(name: str) -> str:
    """What is left of a column's name if case, how white space is written and what can't be seen don't count.

    Nor does how an accent is made: it may stand by itself, behind its letter, as in files from a Mac.
    """
    folded = " ".join(name.translate(_UNSEEN).split()).casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def _normal(inner: str) -> str:
    return "|".join(map(fold, inner.split("|")))


def _listed(columns: tuple[str, ...]) -> str:
    shown = ", ".join(map(repr, columns[:10]))
    return f"there are {shown}{', …' if len(columns) > 10 else ''}" if columns else "there are none"
