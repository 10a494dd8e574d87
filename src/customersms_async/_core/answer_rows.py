"""One row of an answer's ``results``: what it says of a number, or of the key, the account and the rate."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from ..models import Code
from . import provider
from .php_values import LONGEST_NUMBER, as_flag
from .steps import finish
from .written_json import Pairs, results_of, text_of

if TYPE_CHECKING:
    from .steps import Steps
    from .written_json import Entries

_REFUSALS: Final = {
    code: Code(code) for code in (provider.INVALID_API_KEY, provider.INSUFFICIENT_CREDITS, provider.RATE_LIMITED)
}


_LONGEST_REFUSAL: Final = max(map(len, _REFUSALS))


class AnswerRow(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``results``, as it came: any field may be of any type."""

    phone: Any = None
    success: Any = None
    message_id: Any = None
    error: Any = None
    code: Any = None

    @property
    def accepted(self) -> bool | None:
        """Whether the gateway took this text; ``None`` if the row doesn't say."""
        return as_flag(self.success)

    @property
    def refusal(self) -> Code | None:
        """The code of the row if that is about the key or the account, not about its number: see ``refusal_code``."""
        return refusal_code(self.code)


@final
class WrittenAnswer:
    """An answer as it is written, ``source``, and all that is in its ``results``.

    Read when first asked for, and once: it takes several times as long as one that keeps the last of two equal names.
    Mutable state: nothing but that.
    """

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._entries: Entries | None = None

    def entries_in_steps(self) -> Steps[Entries]:
        """Everything in ``results``, with nothing left out and nothing merged; empty if there is a doubt."""
        if self._entries is None:
            text = yield from text_of(self.source)
            self._entries = results_of(text)
            yield
        return self._entries

    @cached_property
    def rows(self) -> list[AnswerRow | None]:
        """All entries of ``results`` as rows, one for one; ``None`` for what is none, or has a name twice."""
        return [as_row(entry) for _, entry in finish(self.entries_in_steps())]


def as_row(entry: object) -> AnswerRow | None:
    """An entry of a ``WrittenAnswer`` as a row; ``None`` for what is none, or has a name twice."""
    if not isinstance(entry, Pairs):
        return None
    fields = dict(entry)
    return row_of(fields) if len(fields) == len(entry) else None


def row_of(fields: dict[str, Any]) -> AnswerRow:
    """An object of ``results`` as a row."""
    said = fields.get
    return AnswerRow(said("phone"), said("success"), said("message_id"), said("error"), said("code"))


def refusal_code(code: object) -> Code | None:
    """The code of a refusal that holds for the whole key or account, however it is written; ``None`` for any other."""
    if not isinstance(code, str) or len(code) > LONGEST_NUMBER:
        return None
    word = code.strip()
    return _REFUSALS.get(word.upper()) if len(word) <= _LONGEST_REFUSAL else None
