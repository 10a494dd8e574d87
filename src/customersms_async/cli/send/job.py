"""Who gets which text: numbers from the command line, or a file's rows and a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import msgspec

from ..._core import segments, suspicious_text
from ..files import FileProblem, open_rows
from ..files.rows import check_kept, check_unique
from .fallbacks import doubtful, refuse_dialects
from .findings import Findings
from .letters import FileLetters, PhoneLetters
from .placeholders import possible, refuse_foreign
from .template import Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ..._core.intake import Letter
    from ..files import PhoneColumns, Rows


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
class Job:
    """The letters of one command, in order, read anew by every iteration.

    ``name`` says for people where they come from, and ``keep`` are the columns whose texts go with each letter. From a
    file, every iteration may raise ``FileProblem``.
    """

    def __init__(self, name: str, letters: PhoneLetters | FileLetters, *, smart: bool = False) -> None:
        self.name = name
        self.keep: tuple[str, ...] = letters.keep
        self.smart = smart
        self._letters = letters

    @classmethod
    def of_phones(cls, phones: Sequence[str], message: str, rules: TextRules = PLAIN_RULES) -> Job:
        """Numbers from the command line, all with one text, which is taken as it is."""
        return cls("the command line", PhoneLetters(phones, message), smart=rules.smart)

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
        zone_column: str | None = None,
    ) -> Job:
        """A file's rows under a template; ``zone_column`` names each recipient's own time zone.

        Raises ``FileProblem`` if the file can't be opened, has no row, or lacks a column that is required or to be
        kept, and ``TemplateProblem`` for a template that is none, that names a column which isn't there, or that is
        another program's.
        """
        template = Template.literal(message) if rules.literal else Template.parse(message)
        rows = _opened(path, phone_column, encoding, delimiter)
        try:
            if not rules.literal:
                refuse_foreign(message, rows.columns)
            zones = () if zone_column is None else (zone_column,)
            check_unique(rows.twice, (*template.columns, *rules.require, *keep, *zones))
            template.check(rows.columns)
            refuse_dialects(template.uses, rows.columns)
            check_kept(keep, rows.columns)
            check_kept(zones, rows.columns, "--zone-column")
            letters = FileLetters(rows, template, rules.require, keep, zone_column)
            return cls(f"{path}: {rows.kind}", letters, smart=rules.smart)
        except BaseException:
            rows.close()
            raise

    @property
    def in_memory(self) -> bool:
        """Whether the numbers came with the command, so that there is no file to read."""
        return isinstance(self._letters, PhoneLetters)

    @property
    def remarks(self) -> list[str]:
        """What a person has to know of the file, and of the columns that are used."""
        return self._letters.remarks

    def findings(self) -> Findings:
        """An empty account of what is to be found in the texts, for ``read``."""
        return Findings(self._letters.template, self._letters.keys)

    def oddities(self) -> list[str]:
        """What is odd about every text, whoever gets it; one sentence each."""
        template = self._letters.template
        text = template.fill(["x"] * len(template.uses))
        if self.smart:
            text = segments.to_gsm7(text)
        told = possible(template.source, self._letters.columns)
        return [*told, *doubtful(template.uses), *suspicious_text.oddities(text)]

    def __iter__(self) -> Iterator[Letter]:
        return self.read(None)

    def read(self, findings: Findings | None) -> Iterator[Letter]:
        """Every letter; what is found in the texts goes into ``findings``, which are settled before the next letter."""
        letters = self._letters.read(findings)
        return _with_twins(letters, findings) if self.smart else letters

    def close(self) -> None:
        """Close the file."""
        self._letters.close()


def _opened(path: Path, phone_column: PhoneColumns | None, encoding: str, delimiter: str | None) -> Rows:
    """The rows of a file that has some; every ``FileProblem`` begins with the file."""
    try:
        rows = open_rows(path, phone_column=phone_column, encoding=encoding, delimiter=delimiter)
        try:
            rows.refuse_none()
        except BaseException:
            rows.close()
            raise
    except FileProblem as problem:
        raise FileProblem(f"{path}: {problem}") from None
    return rows


def _with_twins(letters: Iterable[Letter], findings: Findings | None) -> Iterator[Letter]:
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
