"""The facts of an answer that decide about a text: the rules of ``outcome_table`` ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..models import Code
from . import provider
from .answer_rows import refusal_code
from .php_values import as_text

if TYPE_CHECKING:
    from .answer_rows import AnswerRow
    from .answers import Reading

FATAL: Final = {status: Code(code) for status, code in provider.FATAL_STATUSES.items()}
"""HTTP statuses that make every further request pointless, each with the code that says the same."""

STOPPING: Final = frozenset(FATAL.values())
"""The codes of ``FATAL`` by themselves."""


class AnswerFacts(NamedTuple):
    """An answer in which no row decides, to a request for so many ``numbers``.

    ``refusal`` is why the key, the account or the rate is refused, if one of them is.
    """

    status: int
    reading: Reading
    refusal: Code | None
    numbers: int

    @property
    def stops_everything(self) -> bool:
        """Whether the key or the account is refused."""
        return self.refusal in STOPPING

    @property
    def is_doubtful(self) -> bool:
        """Whether the answer contradicts itself, or tells of texts that were sent without saying which."""
        reading = self.reading
        speaks_of_some = reading.has_results or (reading.may_be_row and self.numbers > 1)
        refuses = self.stops_everything or self.status >= 300
        return speaks_of_some or reading.may_have_sent or (reading.success is True and refuses)

    @property
    def says_no(self) -> bool:
        """Whether the answer says no, to all texts alike."""
        status = self.status
        if 200 <= status < 300:
            return self.reading.success is False
        return status in provider.REDIRECT_STATUSES or (
            400 <= status < 500 and status not in provider.UNCERTAIN_STATUSES
        )


class NumberFacts(NamedTuple):
    """The row of one number, in an answer whose rows decide.

    ``accepted`` is what its ``success`` says. ``own_refusal`` is the code in the row itself, if it refuses the key, the
    account or the rate. ``reason`` is the one of these codes for which the text was refused: the row's own, or for a
    row without a code that of the whole answer. ``astray``: some row of success fits none of the numbers.
    """

    row: AnswerRow
    accepted: bool | None
    own_refusal: Code | None
    reason: Code | None
    astray: bool

    @property
    def deciding(self) -> tuple[bool | None, Code | None, Code | None, bool]:
        """All that the rules look at, so that numbers with equal facts share a rule."""
        return self[1:]

    @property
    def says_no(self) -> bool:
        """Whether the row says no, by its ``success`` or by a refusal alone."""
        return self.accepted is False or self.reason is not None


def number_facts(row: AnswerRow, refusal: Code | None, *, astray: bool) -> NumberFacts:
    """The facts of one number by its row; ``refusal`` is that of the whole answer, as ``refusal_of`` gives it."""
    accepted, own = row.accepted, row.refusal
    reason: Code | None = None
    if accepted is False:
        reason = own or (refusal if as_text(row.code) is None else None)
    elif accepted is None and row.success in (None, "") and row.message_id is None:
        reason = own
    return NumberFacts(row, accepted, own, reason, astray)


def refusal_of(status: int, reading: Reading) -> Code | None:
    """Why the key, the account or the rate is refused, wherever the answer says so.

    Of several codes, one that stops everything goes first.
    """
    codes = [FATAL.get(status), refusal_code(reading.code), *(row.refusal for row in reading.rows)]
    if status in provider.RATE_LIMIT_STATUSES:
        codes.append(Code.RATE_LIMITED)
    return next((code for code in codes if code in STOPPING), None) or next(filter(None, codes), None)
