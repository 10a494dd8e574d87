"""Who gets which text: numbers from the command line, or a file's rows and a template."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, final

import msgspec

from ..._core import segments, suspicious
from ..._core.intake import Letter
from ..._core.merge_tags import may_hold_tags
from ..files import FileProblem, open_rows
from ..files.consent import ConsentCount
from ..files.rows import check_kept, check_unique
from ..files.spoiled_cells import MAY_BE_SPOILED, problem_of
from .fallbacks import doubtful, refuse_dialects
from .findings import Findings
from .ordinary_cells import SEPARATOR, ordinary
from .placeholders import column_keys, foreign_in_cell, possible, refuse_foreign
from .template import Template, TemplateProblem, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ..files import FileRow, PhoneColumns, Rows


class TextRules(msgspec.Struct, frozen=True, kw_only=True):
    """How texts are made of a message.

    ``literal``: nothing in it stands for anything else. ``smart``: characters that only look different from GSM-7
    become those of it. ``require``: columns without which a row gets no text.
    """

    literal: bool = False
    smart: bool = False
    require: tuple[str, ...] = ()


PLAIN_RULES = TextRules()


@final
class _Quick(NamedTuple):
    """What takes a row's cells for the placeholders, what says that they are ordinary, and the text with ``%s``."""

    cells_of: Callable[[Mapping[str, str]], str | tuple[str, ...]]
    is_ordinary: Callable[[str], object]
    written: str


_NEVER: Final = _Quick(lambda _: "", lambda _: None, "")
"""For jobs whose every row is looked at."""


@final
class Job:
    """The letters of one command, in order, read anew by every iteration.

    ``name`` says for people where they come from, and ``keep`` are the columns whose texts go with each letter. From a
    file, every iteration may raise ``FileProblem``.
    """

    def __init__(
        self,
        name: str,
        rows: Rows | Sequence[str],
        template: Template | str,
        rules: TextRules = PLAIN_RULES,
        *,
        keep: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.keep = tuple(keep)
        self.smart = rules.smart
        self._rows = rows
        self._in_memory = isinstance(template, str)
        self._template = Template.literal(template) if isinstance(template, str) else template
        columns: tuple[str, ...] = () if isinstance(template, str) else rows.columns  # type: ignore[union-attr]  # a template goes with a file
        self._columns = columns
        self._keys = column_keys(columns)
        self._consent = None if isinstance(template, str) else ConsentCount(rows)  # type: ignore[arg-type]  # as above
        self._required = _columns_named(rules.require, columns)
        self._used = self._used_columns()

    @classmethod
    def of_phones(cls, phones: Sequence[str], message: str, rules: TextRules = PLAIN_RULES) -> Job:
        """Numbers from the command line, all with one text, which is taken as it is."""
        return cls("the command line", phones, message, rules)

    @classmethod
    def of_file(
        cls,
        path: Path,
        message: str,
        *,
        phone_column: PhoneColumns | None,
        encoding: str,
        delimiter: str | None,
        rules: TextRules = PLAIN_RULES,
        keep: Sequence[str] = (),
    ) -> Job:
        """A file's rows under a template.

        Raises ``FileProblem`` if the file can't be opened, or lacks a column that is required or to be kept, and
        ``TemplateProblem`` for a template that is none, that names a column which isn't there, or that is another
        program's.
        """
        template = Template.literal(message) if rules.literal else Template.parse(message)
        try:
            rows = open_rows(path, phone_column=phone_column, encoding=encoding, delimiter=delimiter)
        except FileProblem as problem:
            raise FileProblem(f"{path}: {problem}") from None
        try:
            if not rules.literal:
                refuse_foreign(message, rows.columns)
            check_unique(rows.twice, (*template.columns, *rules.require, *keep))
            template.check(rows.columns)
            refuse_dialects(template.uses, rows.columns)
            check_kept(keep, rows.columns)
            return cls(f"{path}: {rows.kind}", rows, template, rules, keep=keep)
        except BaseException:
            rows.close()
            raise

    @property
    def in_memory(self) -> bool:
        """Whether the numbers came with the command, so that there is no file to read."""
        return self._in_memory

    def findings(self) -> Findings:
        """An empty account of what is to be found in the texts, for ``read``."""
        return Findings(self._template, self._keys)

    def oddities(self) -> list[str]:
        """What is odd about every text, whoever gets it; one sentence each."""
        text = self._template.fill(["x"] * len(self._template.uses))
        if self.smart:
            text = segments.to_gsm7(text)
        told = possible(self._template.source, self._columns)
        return [*told, *doubtful(self._template.uses), *suspicious.oddities(text)]

    @property
    def remarks(self) -> list[str]:
        """What a person has to know of the file, and of the columns that are used."""
        if self._in_memory:
            return []
        rows: Rows = self._rows  # type: ignore[assignment]  # a template goes with a file
        used = dict.fromkeys((*self._used, *rows.phone_columns, *self.keep))
        columns = [f"column {name!r} {rows.remarks[name]}" for name in used if name in rows.remarks]
        return [*rows.notes, *(() if self._consent is None else self._consent.remarks()), *columns]

    def __iter__(self) -> Iterator[Letter]:
        return self.read(None)

    def read(self, findings: Findings | None) -> Iterator[Letter]:
        """Every letter; what is found in the texts goes into ``findings``, which are settled before the next letter."""
        if self._in_memory:
            letters = self._of_phones()
        elif self._template.uses or self._required:
            letters = self._of_rows(findings)
        else:
            letters = self._with_one_text(findings)
        return self._with_twins(letters, findings) if self.smart else letters

    def _of_phones(self) -> Iterator[Letter]:
        text = self._template.before
        for phone in self._rows:
            yield Letter(phone, text)

    def _with_one_text(self, findings: Findings | None) -> Iterator[Letter]:
        """One letter for each row, where no row has a say in it."""
        text, keep = self._template.before, self.keep
        kept: tuple[str, ...] = ()
        for row in self._reading(findings):
            if keep:
                kept = tuple(row.fields.get(name, "") for name in keep)
            yield Letter(row.phone, text, row.line, kept)

    def _of_rows(self, findings: Findings | None) -> Iterator[Letter]:
        """One letter for each row; what all texts cost is here, so the usual row makes few calls."""
        keep = self.keep
        quick = self._quick(findings)
        cells_of, is_ordinary, written = quick or _NEVER
        kept: tuple[str, ...] = ()
        for row in self._reading(findings):
            fields = row.fields
            if keep:
                kept = tuple(fields.get(name, "") for name in keep)
            if quick is not None:
                cells = cells_of(fields)
                if is_ordinary(cells if type(cells) is str else SEPARATOR.join(cells)):
                    yield Letter(row.phone, written % cells, row.line, kept)
                    continue
            yield self._letter(row, kept, findings)

    def _reading(self, findings: Findings | None) -> Iterator[FileRow]:
        """The file's rows with the columns that are used; with ``findings``, what they say of consent is counted."""
        rows: Rows = self._rows  # type: ignore[assignment]  # a template goes with a file
        used, consent = (*self._used, *self._required, *self.keep), self._consent
        if findings is None or consent is None or not consent.columns:
            return rows.only(used)
        return consent.watch(rows.only((*used, *consent.columns)))

    def _quick(self, findings: Findings | None) -> _Quick | None:
        """How most rows come to their texts, if every row has all columns and ordinary cells need no further look."""
        rows: Rows = self._rows  # type: ignore[assignment]  # a template goes with a file
        template = self._template
        if not template.uses or not rows.even or not (findings is None or findings.passes_ordinary):
            return None
        columns = template.settled(self._columns)
        if not {*self._used, *self._required} <= set(columns):
            return None
        return _Quick(itemgetter(*columns), ordinary(len(columns)), template.written)

    def _letter(self, row: FileRow, kept: tuple[str, ...], findings: Findings | None) -> Letter:
        """One row's letter, with a look for everything that may be wrong with its cells."""
        fields, template = row.fields, self._template
        problem = None
        for name in self._used:
            if (cell := fields.get(name, ""))[:1] in MAY_BE_SPOILED and (problem := problem_of(name, cell)):
                break
        if problem is None and self._required:
            problem = _blank(fields, self._required)
        if problem is not None:
            return Letter(row.phone, "", row.line, kept, problem)
        try:
            cells = template.cells(fields)
        except TemplateProblem as error:
            raise FileProblem(error.reason, line=row.line) from None
        all_cells = "".join(cells)
        special = may_hold_tags(all_cells) or "\\" in all_cells or "&" in all_cells
        special = special or suspicious.spoiled(all_cells) is not None
        if special and (problem := _tagged(cells, self._keys)) is not None:
            return Letter(row.phone, "", row.line, kept, problem)
        text = template.fill(cells)
        if findings is not None and template.uses:
            findings.look(cells, text, special=special)
        return Letter(row.phone, text, row.line, kept)

    def _used_columns(self) -> tuple[str, ...]:
        """The columns of the file that the texts are made of."""
        names = set(map(fold, self._template.columns))
        return tuple(name for name in self._columns if fold(name) in names)

    def _with_twins(self, letters: Iterable[Letter], findings: Findings | None) -> Iterator[Letter]:
        last: object = None
        twin: object = None
        for letter in letters:
            text = letter.text
            assert isinstance(text, str)  # noqa: S101 - as all that this makes
            if text is not last:
                last, twin = text, segments.to_gsm7(text)
            if findings is not None and twin is not text:
                findings.replaces(text)
            yield letter if twin is text else msgspec.structs.replace(letter, text=twin)

    def close(self) -> None:
        """Close the file."""
        if not self._in_memory:
            self._rows.close()  # type: ignore[union-attr]  # a template goes with a file


def _columns_named(names: Iterable[str], columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that ``--require`` names, found as a template's are. Raises ``FileProblem`` for one that is none."""
    found = []
    for name in names:
        alike = [column for column in columns if column == name] or [
            column for column in columns if fold(column) == fold(name)
        ]
        if len(alike) != 1:
            known = ", ".join(map(repr, (alike or columns)[:10])) or "none"
            raise FileProblem(
                f"--require {name}: {'several columns are' if alike else 'no column is'} called that, of {known}"
            )
        found.append(alike[0])
    return tuple(found)


def _blank(fields: Mapping[str, str], required: Iterable[str]) -> str | None:
    """Why a row gets no text, if one of its ``required`` columns is blank."""
    for column in required:
        if not fields.get(column, "").strip():
            return f"{column!r} is blank, and --require asks for it"
    return None


def _tagged(cells: Sequence[str], keys: Mapping[str, str]) -> str | None:
    """Why a row gets no text, if one of its ``cells`` has a placeholder for a column in it."""
    for cell in cells:
        if may_hold_tags(cell):
            tag, names_a_column = foreign_in_cell(cell, keys)
            if tag is not None and names_a_column:
                return f"{tag.text} stands in a cell, and cells are not filled in: it would be sent as it stands"
    return None
