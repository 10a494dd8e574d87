"""The usual answer: every text was accepted, each in a row of its own, with an id, all in the order of their numbers.

Goal: nearly every answer is one, so what a row costs here is what a text costs. Each question is put to all rows at
once, and most of them by the types of the decoder. ``rulings`` says the same of such an answer, in three times as long.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from ..models import Outcome, Status
from .answers import UNREADABLE
from .outcomes import LONGEST_SHOWN
from .php_values import as_amount

if TYPE_CHECKING:
    from .batching import Batch
    from .outcomes import Redact

_ACCEPTED: Final = Status.ACCEPTED  # looked up once, as that takes longer than the rest of a row


class _UsualRow(msgspec.Struct, frozen=True, gc=False):
    """A row with an id that an outcome keeps as it is, and no code; ``success`` may still be false."""

    phone: str
    success: bool
    message_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_SHOWN)]
    code: None = None


class _UsualAnswer(msgspec.Struct, gc=False):
    """An answer whose rows are a list of these, without a code of its own."""

    results: list[_UsualRow]
    code: None = None
    remaining_credits: Any = None


_decode: Final = msgspec.json.Decoder(_UsualAnswer, float_hook=Decimal).decode


def usual_outcomes(body: bytes, batch: Batch, redact: Redact) -> tuple[list[Outcome], Decimal | None] | None:
    """The outcomes of a usual answer, and the credits that it tells of; ``None`` for any other answer."""
    try:
        answer: _UsualAnswer = _decode(body)
    except UNREADABLE:
        return None
    rows = answer.results
    if [row.phone for row in rows] != batch.phones:
        return None
    ids = [row.message_id for row in rows if row.success]
    words = "".join(ids)
    if len(ids) < len(rows) or words.split() != [words] or redact(words) != words:  # else ids need cleaning
        return None
    outcomes = list(map(Outcome, batch.indexes, batch.phones, itertools.repeat(_ACCEPTED), ids))
    return outcomes, as_amount(answer.remaining_credits)
