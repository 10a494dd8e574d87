"""Placeholders that would go out as they stand: refused where nobody can mean them, else told for people to see."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from ..._core.merge_tags import MergeTag, TagKind, column_of, is_left_open, is_name, is_usual, key, may_hold_tags, tags
from .template import TemplateProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_LITERAL: Final = "(--literal sends the message as it is)"
_SIGNS: Final = "$!@*+;.:~=# "
"""What other programs write about a name inside its braces: ``{$name}``, ``{!Contact.FirstName}``."""

_CLOSE: Final = 0.6
"""How alike a name and a column must be, of 1, for one to be meant by the other: ``first_name`` and ``firstname``."""


def column_keys(columns: Iterable[str]) -> dict[str, str]:
    """The columns by what their names come to where case, spaces and punctuation don't count."""
    return {key(column): column for column in columns}


def refuse_foreign(message: str, columns: Sequence[str]) -> None:
    """Raise ``TemplateProblem`` for a placeholder of another program in a template for a file with ``columns``."""
    keys = column_keys(columns)
    for tag in tags(message):
        reason = _foreign(tag, keys)
        if reason is not None:
            raise TemplateProblem(reason, tag.position + 1)


def refuse_any(message: str) -> None:
    """Raise ``TemplateProblem`` for any placeholder in a text to numbers, which have no columns."""
    for tag in tags(message):
        if _plain_braces(tag) or _obvious(tag) or (tag.kind is TagKind.BRACKETED and is_usual(tag.name)):
            raise TemplateProblem(
                f"{tag.text} is a placeholder, and numbers on the command line have no columns to fill it from:"
                " give the people in a file, with --file, or write the words themselves"
                f" (--literal sends {tag.text} as it stands)",
                tag.position + 1,
            )


def foreign_in_cell(cell: str, keys: Mapping[str, str]) -> tuple[MergeTag | None, bool]:
    """The first placeholder in a cell, and whether it names a column of the file."""
    if not may_hold_tags(cell):
        return None, False
    found = [tag for tag in tags(cell) if _plain_braces(tag) or _obvious(tag) or _doubled(tag)]
    naming = next((tag for tag in found if column_of(tag, keys) is not None), None)
    return (naming, True) if naming else (found[0] if found else None, False)


def possible(message: str, columns: Sequence[str]) -> Iterator[str]:
    """What a person should see of the placeholders in a message that are not refused."""
    keys = column_keys(columns)
    for tag in tags(message):
        if tag.kind is TagKind.BRACES:
            continue
        found = column_of(tag, keys)
        if found is not None and (tag.kind > TagKind.POSSIBLE or _names_column(tag, found)):
            yield f"{tag.text} is sent as it stands: for the column, write {{{keys[found]}}}"
        elif _doubled(tag) or _left_open(tag):
            yield f"{tag.text} is sent as it stands"


def _obvious(tag: MergeTag) -> bool:
    """Whether a placeholder can be nothing else, whatever columns there are."""
    return tag.kind is TagKind.CERTAIN or (tag.kind is TagKind.LIKELY and is_usual(tag.name))


def _left_open(tag: MergeTag) -> bool:
    """Whether somebody may have forgotten to fill it in."""
    if tag.kind is TagKind.BRACKETED and tag.text[0] in "[<":
        return is_left_open(tag.name)
    return tag.kind <= TagKind.BRACKETED and is_usual(tag.name)


def _names_column(tag: MergeTag, found: str | None) -> bool:
    """Whether brackets that may be meant hold a column's name, ``found``, and no sentence that ends in it."""
    return found is not None and (found == key(tag.name) or is_usual(tag.name) or "." in tag.name)


def _doubled(tag: MergeTag) -> bool:
    return tag.text.startswith(("<<", "[["))


def _plain_braces(tag: MergeTag) -> bool:
    return tag.kind is TagKind.BRACES and is_name(tag.name.strip(_SIGNS))


def _foreign(tag: MergeTag, keys: Mapping[str, str]) -> str | None:
    """Why a placeholder is refused, or ``None``."""
    found = column_of(tag, keys)
    if tag.kind is TagKind.BRACES:
        return _in_braces(tag, keys, found)
    if (
        _obvious(tag)
        or (tag.kind is TagKind.LIKELY and (found is not None or (_doubled(tag) and _close(tag.name, keys))))
        or (tag.kind is TagKind.BRACKETED and _names_column(tag, found))
    ):
        column = keys[found] if found is not None else _close(tag.name, keys) or next(iter(keys.values()), "column")
        such = "" if found is not None else "a column, such as "
        return f"{tag.text} would be sent to everyone as it stands: write {such}{{{column}}} {_LITERAL}"
    return None


def _in_braces(tag: MergeTag, keys: Mapping[str, str], found: str | None) -> str | None:
    column = keys[found] if found is not None else _close(tag.name, keys)
    if tag.braces == 2 and (column is not None or is_name(tag.name)):
        inner = tag.text[2:-2].strip()
        instead = f"no column is called {tag.name!r}; write" if column is None else f"write {{{column}}}, or"
        return f"{tag.text} would send {{{inner}}} to everyone: {instead} {{{{{tag.text}}}}} to mean it {_LITERAL}"
    if column is None:
        return None
    if tag.braces == 3 and "|" not in tag.text and found is not None:
        return (
            f"{tag.text} would send what is in the column with braces around it: write {{{column}}}, or"
            f" {{{{{{{column}|}}}}}} to mean it"
        )
    return None


def _close(name: str, keys: Mapping[str, str]) -> str | None:
    """The column that a name which is none of them is probably for."""
    wanted = key(name)
    for each, column in keys.items():
        if min(len(each), len(wanted)) >= 4 and (each in wanted or wanted in each):
            return column
    close = difflib.get_close_matches(wanted, [each for each in keys if each][:100], 1, _CLOSE)
    return keys[close[0]] if close else None
