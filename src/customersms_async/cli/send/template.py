"""A text with ``{column}`` in it -> each person's text. Nothing else is special, so nothing can be reached through it.

``{column}`` stands for the row's text in that column, ``{{`` for ``{`` and ``}}`` for ``}``; a column's name is
whatever stands between the braces. There are no attributes, no indexes, no conversions and no format codes, and a
value is never looked through for braces.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ..problems import InputProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Template", "TemplateProblem"]

_PIECE: Final = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}]*)\}|(?P<lone>[{}])")


class TemplateProblem(InputProblem):
    """A template can't be used; ``position`` is the character where, from 1, ``reason`` why."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"character {position} of the message: {reason}")
        self.position = position
        self.reason = reason


class _Use(NamedTuple):
    """A column's name as the template has it, where, and the text that follows it."""

    name: str
    position: int
    after: str


@final
class Template:
    """A parsed template. Mutable state: how its names were found among the columns of the last row."""

    def __init__(self, before: str, uses: tuple[_Use, ...]) -> None:
        self._before = before
        self._uses = uses
        self._found: tuple[tuple[str, ...] | None, list[tuple[str, str]]] = (None, [])
        self.columns = frozenset(use.name for use in uses)

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template; ``TemplateProblem`` for a brace that is neither doubled nor around a name."""
        pieces: list[list[str]] = [[]]
        names: list[tuple[str, int]] = []
        at = 0
        for piece in _PIECE.finditer(text):
            pieces[-1].append(text[at : piece.start()])
            at = piece.end()
            if piece["lone"]:
                raise TemplateProblem(f"a lone {piece['lone']}; for a brace write it twice", piece.start() + 1)
            if piece["brace"]:
                pieces[-1].append(piece["brace"][0])
            elif not piece["name"].strip():
                raise TemplateProblem("{} names no column; for braces write {{}}", piece.start() + 1)
            else:
                names.append((piece["name"], piece.start() + 1))
                pieces.append([])
        pieces[-1].append(text[at:])
        before, *after = map("".join, pieces)
        return cls(before, tuple(_Use(*name, words) for name, words in zip(names, after, strict=True)))

    def check(self, columns: Iterable[str]) -> None:
        """Raise ``TemplateProblem`` unless each name is one of ``columns``.

        It is the equal one, or else the only one that is equal but for case and the white space around it.
        """
        _find(self._uses, tuple(columns))

    def render(self, fields: Mapping[str, str]) -> str:
        """The text for one row; always the same object if the template has no columns.

        ``TemplateProblem`` if the row lacks a column, as a row of a JSONL file may.
        """
        if not self._uses:
            return self._before
        columns = tuple(fields)
        if columns != self._found[0]:
            self._found = columns, _find(self._uses, columns)
        parts = [self._before]
        for column, after in self._found[1]:
            parts.append(fields[column])
            parts.append(after)
        return "".join(parts)


def _find(uses: Iterable[_Use], columns: tuple[str, ...]) -> list[tuple[str, str]]:
    """For each use the column that it means, and the text that follows it."""
    return [(_column(use, columns), use.after) for use in uses]


def _column(use: _Use, columns: tuple[str, ...]) -> str:
    if use.name in columns:
        return use.name
    alike = [column for column in columns if _fold(column) == _fold(use.name)]
    if len(alike) == 1:
        return alike[0]
    if alike:
        several = " and ".join(map(repr, alike))
        raise TemplateProblem(f"{{{use.name}}} may be {several}; write it as the column is written", use.position)
    folded = {_fold(column): column for column in columns}
    close = [folded[name] for name in difflib.get_close_matches(_fold(use.name), folded, 3, 0.5)]
    known = f"did you mean {' or '.join(f'{{{name}}}' for name in close)}?" if close else _listed(columns)
    raise TemplateProblem(f"no column is called {use.name!r}; {known}", use.position)


def _fold(name: str) -> str:
    return name.strip().casefold()


def _listed(columns: tuple[str, ...]) -> str:
    shown = ", ".join(map(repr, columns[:10]))
    return f"there are {shown}{', …' if len(columns) > 10 else ''}" if columns else "there are none"
