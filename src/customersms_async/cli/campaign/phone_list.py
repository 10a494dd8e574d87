"""A file of numbers that a command is told of: whom to suppress, whom to resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core import phone as phones
from ...errors import InvalidRecipientError
from ..files import FileProblem, open_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def numbers_in(path: Path, encoding: str, region: str | None) -> Iterator[str]:
    """The numbers of a file, as for ``send --file``; ``FileProblem`` for a row that holds none."""
    try:
        with open_rows(path, phone_column=None, encoding=encoding, delimiter=None) as rows:
            for row in rows:
                try:
                    yield phones.parse(row.phone, region=region)  # type: ignore[arg-type]  # it refuses what is not text
                except InvalidRecipientError as error:
                    raise FileProblem(error.reason, line=row.line) from None
    except FileProblem as problem:
        raise FileProblem(f"{path}: {problem}") from None
