"""Who gets which text: numbers from the command line, or a file's rows and a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ..._core.intake import Letter
from ..files import FileProblem, open_rows
from .template import Template, TemplateProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..files import Rows


@final
class Job:
    """The letters of one command, in order, read anew by every iteration.

    ``name`` says for people where they come from. From a file, every iteration may raise ``FileProblem``.
    """

    def __init__(self, name: str, rows: Rows | Sequence[str], template: Template | str) -> None:
        self.name = name
        self._rows = rows
        self._template = template

    @classmethod
    def of_phones(cls, phones: Sequence[str], message: str) -> Job:
        """Numbers from the command line, all with one text, which is taken as it is."""
        return cls("the command line", phones, message)

    @classmethod
    def of_file(
        cls, path: Path, message: str, *, phone_column: str | None, encoding: str, delimiter: str | None
    ) -> Job:
        """A file's rows under a template.

        Raises ``FileProblem`` if the file can't be opened, and ``TemplateProblem`` for a template that is none or that
        names a column which isn't there.
        """
        template = Template.parse(message)
        try:
            rows = open_rows(path, phone_column=phone_column, encoding=encoding, delimiter=delimiter)
        except FileProblem as problem:
            raise FileProblem(f"{path}: {problem}") from None
        try:
            template.check(rows.columns)
        except TemplateProblem:
            rows.close()
            raise
        return cls(f"{path}: {rows.kind}", rows, template)

    @property
    def in_memory(self) -> bool:
        """Whether the numbers came with the command, so that there is no file to read."""
        return isinstance(self._template, str)

    def __iter__(self) -> Iterator[Letter]:
        if isinstance(self._template, str):
            for phone in self._rows:
                yield Letter(phone, self._template)
            return
        for row in self._rows:
            assert not isinstance(row, str)  # noqa: S101 - a template goes with a file
            try:
                text = self._template.render(row.fields)
            except TemplateProblem as problem:
                raise FileProblem(problem.reason, line=row.line) from None
            yield Letter(row.phone, text, row.line)

    def close(self) -> None:
        """Close the file."""
        if not isinstance(self._template, str):
            self._rows.close()  # type: ignore[union-attr]  # a template goes with a file
