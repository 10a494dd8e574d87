"""The letters of a command: to numbers that came with it, or to a file's rows, each with a text of its own."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ..._core import suspicious_text
from ..._core.intake import Letter
from ..._core.merge_tags import may_hold_tags
from ..files import FileProblem
from ..files.consent import ConsentCount
from ..files.spoiled_cells import MAY_BE_SPOILED, problem_of
from .ordinary_cells import SEPARATOR, ordinary
from .placeholders import column_keys, foreign_in_cell
from .template import Template, TemplateProblem, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ..files import FileRow, Rows
    from .findings import Findings
    from .zone_column import ZoneColumn


@final
class PhoneLetters:
    """Letters to ``phones``, all with one text, which is taken as it is; read anew by every ``read``."""

    columns: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    def __init__(self, phones: Sequence[str], text: str) -> None:
        self.template: Template = Template.literal(text)
        self.keys: dict[str, str] = column_keys(())
        self._phones = phones

    @property
    def remarks(self) -> list[str]:
        """Nothing: there is no file of which a person has to know something."""
        return []

    def read(self, _findings: Findings | None) -> Iterator[Letter]:
        """Every letter, in order; nothing is found in texts that all say the same."""
        text = self.template.before
        for phone in self._phones:
            yield Letter(phone, text)

    def close(self) -> None:
        """Do nothing, as no file is open."""


@final
class _Quick(NamedTuple):
    """The short way to a row's text: what takes its cells, whether they are ordinary, and the text with ``%s``."""

    cells_of: Callable[[Mapping[str, str]], str | tuple[str, ...]]
    is_ordinary: Callable[[str], object]
    written: str


_NEVER: Final = _Quick(lambda _: "", lambda _: None, "")
"""For jobs whose every row is looked at."""


@final
class FileLetters:
    """Letters to a file's rows, their texts made by ``template``; read anew by every ``read``.

    ``keep`` are the columns whose texts go with each letter, and ``zone_column`` is the one that names time zones.
    Raises ``FileProblem`` where a column is missing that is among ``require``, without which a row gets no text.
    """

    def __init__(
        self,
        rows: Rows,
        template: Template,
        require: Iterable[str] = (),
        keep: Sequence[str] = (),
        zone_column: str | None = None,
    ) -> None:
        self.template = template
        self.keep: tuple[str, ...] = tuple(keep)
        self.columns: tuple[str, ...] = tuple(rows.columns)
        self.keys: dict[str, str] = column_keys(self.columns)
        self._rows = rows
        self._consent = ConsentCount(rows)
        self._required = _columns_named(require, self.columns)
        self._used = self._used_columns()
        self._zones: ZoneColumn | None = None
        if zone_column is not None:
            from .zone_column import ZoneColumn  # imported when used: it brings campaigns

            self._zones = ZoneColumn(zone_column)

    @property
    def remarks(self) -> list[str]:
        """What a person has to know of the file, and of the columns that are used."""
        rows = self._rows
        used = dict.fromkeys((*self._used, *rows.phone_columns, *self.keep))
        columns = [f"column {name!r} {rows.remarks[name]}" for name in used if name in rows.remarks]
        return [*rows.notes, *self._consent.remarks(), *columns]

    def read(self, findings: Findings | None) -> Iterator[Letter]:
        """Every letter, in order; what is found in the texts goes into ``findings``. May raise ``FileProblem``."""
        by_row = self.template.uses or self._required
        letters = self._of_rows(findings) if by_row else self._with_one_text(findings)
        return letters if self._zones is None else self._zones.put_on(letters)

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def _with_one_text(self, findings: Findings | None) -> Iterator[Letter]:
        """One letter for each row, where no row has a say in it."""
        text, keep = self.template.before, self.keep
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
        used, consent = (*self._used, *self._required, *self.keep), self._consent
        counts = findings is not None and consent.columns
        zones = self._zones
        rows: Iterable[FileRow] = self._rows.only(
            (*used, *(consent.columns if counts else ()), *((zones.name,) if zones is not None else ()))
        )
        if counts:
            rows = consent.watch(rows)
        return iter(rows) if zones is None else zones.watch(rows)

    def _quick(self, findings: Findings | None) -> _Quick | None:
        """How most rows come to their texts, if every row has all columns and ordinary cells need no further look."""
        template = self.template
        if not template.uses or not self._rows.even or not (findings is None or findings.passes_ordinary):
            return None
        columns = template.settled(self.columns)
        if not {*self._used, *self._required} <= set(columns):
            return None
        return _Quick(itemgetter(*columns), ordinary(len(columns)), template.written)

    def _letter(self, row: FileRow, kept: tuple[str, ...], findings: Findings | None) -> Letter:
        """One row's letter, with a look for everything that may be wrong with its cells."""
        fields, template = row.fields, self.template
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
        special = special or suspicious_text.spoiled(all_cells) is not None
        if special and (problem := _tagged(cells, self.keys)) is not None:
            return Letter(row.phone, "", row.line, kept, problem)
        text = template.fill(cells)
        if findings is not None and template.uses:
            findings.look(cells, text, special=special)
        return Letter(row.phone, text, row.line, kept)

    def _used_columns(self) -> tuple[str, ...]:
        """The columns of the file that the texts are made of."""
        names = set(map(fold, self.template.columns))
        return tuple(name for name in self.columns if fold(name) in names)


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
