"""One row of an answer's ``results``: what it says of a number, or of the key, the account and the rate."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ..models import Code
from . import provider
from .php_values import as_flag, as_text
from .written_json import Pairs

_REFUSALS: Final = {
    code: Code(code) for code in (provider.INVALID_API_KEY, provider.INSUFFICIENT_CREDITS, provider.RATE_LIMITED)
}


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


def as_row(entry: object) -> AnswerRow | None:
    """An entry of ``Reading.entries`` as a row; ``None`` for what is none, or has a name twice."""
    if not isinstance(entry, Pairs):
        return None
    fields = dict(entry)
    return msgspec.convert(fields, AnswerRow) if len(fields) == len(entry) else None


def refusal_code(code: object) -> Code | None:
    """The code of a refusal that holds for the whole key or account, however it is written; ``None`` for any other."""
    return None if code is None else _REFUSALS.get((as_text(code) or "").upper())
